/* A comment that is no test. */
//~ runs == 1
int x;
