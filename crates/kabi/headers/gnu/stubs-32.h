/* glibc's headers look for this one wherever __x86_64__ is not defined, as for BPF. */
#pragma once
