// Arrays of one and more dimensions.
#include "expect.h"

struct cell {
	u8 tag;
	u32 values[3];
};

static u32 grid[3][4] = { { 0, 1, 2, 3 }, { 10, 11, 12, 13 }, { 20, 21, 22, 23 } };
static struct cell cells[2][2];
static u8 cube[2][3][4];

noinline u32 total(u32 (*rows)[4], u32 n)
{
	u32 sum = 0;

	for (u32 i = 0; i < 3; i++)
		for (u32 j = 0; j < 4; j++)
			if (i < n)
				sum += rows[i][j];
	return sum;
}

SEC("xdp") int test(void *ctx)
{
	u32 local[5] = { 1, 2, 3, 4, 5 };
	u16 square[3][3];
	u32 i = U32(2), j = U32(3), k = U32(1);
	u32 *p;
	u32(*row)[4];

	EXPECT(20, sizeof(local));
	EXPECT(48, sizeof(grid));
	EXPECT(16, sizeof(grid[0]));
	EXPECT(16, sizeof(cells[0][0]));
	EXPECT(24, sizeof(cube));
	EXPECT(12, sizeof(cube[1]));

	EXPECT(13, grid[1][3]);
	EXPECT(22, *(*(grid + 2) + 2));
	EXPECT(3, local[2]);
	EXPECT(3, 2 [local]);
	EXPECT(3, *(local + 2));
	if (i >= 3 || j >= 4 || k >= 2)
		return __LINE__;
	EXPECT(23, grid[i][j]);
	EXPECT(21, grid[i][k]);
	EXPECT(22, grid[i][k + 1]);
	EXPECT(12, grid[k][k + 1]);
	EXPECT(13, grid[k][j]);
	EXPECT(4, local[j]);
	EXPECT(3, *(local + i));
	EXPECT(5, local[i + 2]);
	EXPECT(1, (&local[k])[-1]);
	local[j] = 40;
	local[i] += 100;
	EXPECT(40, local[3]);
	EXPECT(103, local[2]);

	for (u32 a = 0; a < 3; a++)
		for (u32 b = 0; b < 3; b++)
			square[a][b] = a * 10 + b;
	EXPECT(0, square[0][0]);
	EXPECT(12, square[1][2]);
	EXPECT(22, square[2][2]);
	EXPECT(21, square[i][1]);

	cells[1][0].values[2] = U32(77);
	cells[0][1].tag = U8(5);
	EXPECT(77, cells[1][0].values[i]);
	EXPECT(5, cells[0][1].tag);
	EXPECT(0, cells[1][1].values[2]);
	cube[1][2][3] = 9;
	EXPECT(9, cube[1][i][j]);
	EXPECT(9, ((u8 *)cube)[23]);
	EXPECT(0, cube[1][2][2]);

	p = grid[1];
	EXPECT(12, p[i]);
	EXPECT(21, *(p + 5));
	row = grid;
	EXPECT(11, row[1][1]);
	row++;
	EXPECT(11, (*row)[1]);
	EXPECT(20, row[1][0]);
	EXPECT(46 + 6, total(grid, U32(2)));
	EXPECT(138, total(grid, U32(3)));
	EXPECT(6, total(grid, U32(1)));
	EXPECT(3, n_elements(grid));
	EXPECT(4, n_elements(grid[0]));
	EXPECT(4, &grid[1][0] - &grid[0][0]);
	EXPECT(1, &grid[1] - &grid[0]);
	return 0;
}
//~ run == 0
