// A header that includes itself is reported once; the rest of the program is read.
#include "include/cycle.h" //~? E0105: files include each other
after
//= text
//| after
