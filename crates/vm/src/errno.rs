//! Error numbers of Linux (`include/uapi/asm-generic/errno*.h`) as helpers return them.

macro_rules! errno {
    ($($name:ident = $number:literal,)*) => {
        $(pub const $name: i64 = -$number;)*

        /// The name of an error number, for messages.
        pub fn name(error: i64) -> Option<&'static str> {
            match error {
                $($name => Some(stringify!($name)),)*
                _ => None,
            }
        }
    };
}

errno! {
    EPERM = 1,
    ENOENT = 2,
    E2BIG = 7,
    EBADF = 9,
    EAGAIN = 11,
    ENOMEM = 12,
    EACCES = 13,
    EFAULT = 14,
    EEXIST = 17,
    EINVAL = 22,
    ENOSPC = 28,
    ERANGE = 34,
    EOVERFLOW = 75,
    ENOPROTOOPT = 92,
    EOPNOTSUPP = 95,
    ENOTSUPP = 524,
}

/// What a helper puts into `r0`.
pub fn result(result: Result<(), i64>) -> u64 {
    match result {
        Ok(()) => 0,
        Err(error) => error as u64,
    }
}
