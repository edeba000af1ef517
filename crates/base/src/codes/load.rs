//! Codes 09: loading, attaching, running.

codes! {
    E0901 = "file cannot be read",
    E0902 = "not permitted by this kernel or user",
    E0903 = "the kernel lacks a feature",
    E0904 = "rejected by the kernel's verifier",
    E0905 = "cannot attach",
    E0906 = "invalid attach point",
    E0907 = "map cannot be created",
    E0908 = "program fault in the virtual machine",
    E0909 = "out of fuel in the virtual machine",
    E0910 = "the engines differ",
    E0911 = "invalid packet or capture file",
    E0912 = "file cannot be written",
    E0913 = "the machine is in the way",
    E0914 = "assertion of a test failed",
    E0915 = "invalid test",
    E0920 = "value that does not fit",
    E0921 = "no such map",
    E0922 = "map element cannot be read or changed",
    E0925 = "another map is pinned there",
    E0923 = "no such program",
}
