// C23 6.7.3.6: `__typeof_unqual__` drops qualifiers, those of typedefs as well, and keeps those behind pointers.
//@ gcc: none: before 13 it does not know it
#include "expect.h"

typedef const u32 fixed;
static const volatile u64 source = 7;
static const fixed row[2] = {1, 2};

SEC("socket") int test(void *ctx)
{
	__typeof_unqual__(source) value = source;
	__typeof_unqual__(fixed) number = 3;
	__typeof_unqual(const char *const) text = "ab";
	__typeof_unqual__(row[0]) elem = row[1];

	value++;
	number += 1;
	text++;
	elem *= 2;
	EXPECT(8, value);
	EXPECT(4, number);
	EXPECT('b', *text);
	EXPECT(4, elem);
	EXPECT(1, __builtin_types_compatible_p(__typeof_unqual__(text), const char *));
	return 0;
}
//~ run == 0
