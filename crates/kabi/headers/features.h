/* There is no C library to ask for. */
#pragma once
