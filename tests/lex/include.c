// C11 6.10.2: inclusion by quotes, brackets and macros, once and again.
#include "include/guarded.h"
#include "include/guarded.h"
#include <guarded.h>
#include <once.h>
#include "include/once.h"
#define HEADER <plain.h>
#include HEADER
#define NAME "include/plain.h"
#include NAME
#include <nested.h>
end
//= text
//| guarded
//| once
//| plain
//| plain
//| plain
//| nested 1
//| next
//| end
