/* Packets as BCC describes them. The pointers that `cursor_advance` makes are not supported; most programs that
   include this header use none. */
#pragma once
#include <bpfc/bcc.h>
