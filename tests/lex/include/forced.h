#define FORCED yes
