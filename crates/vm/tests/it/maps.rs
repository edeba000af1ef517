//! Maps give the results of the kernel.
