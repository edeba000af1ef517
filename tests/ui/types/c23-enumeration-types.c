// C23 6.7.2.2: an enumeration holds what its type holds.
enum a : unsigned char { A = 255, B };
                                //^ E0311: the type of this enumeration cannot hold 256: `B`
struct s {
	int x;
};
enum c : struct s { C };
//~^ E0201
typedef struct s T;
enum d : T { D };
       //^ E0311: the type of an enumeration is an integer type, found `T`
enum e : short;
enum e x;
enum e : short { E = -1 };
