//! Kernel versions as far as they matter here: major and minor.

use std::fmt;

/// A Linux release such as 5.8. Ordered by age. Patch levels never add BPF features, so they are not kept.
///
/// Distribution kernels backport: treat a version as a hint, a probe as the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KernelVersion {
    /// The first number, 5 in 5.8.
    pub major: u16,
    /// The second number, 8 in 5.8.
    pub minor: u16,
}

impl KernelVersion {
    /// The release `major.minor`.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    /// Reads `6.12`, `v6.12`, `6.12.3` or a `uname -r` such as `6.1.0-32-amd64`; `None` where no two numbers lead.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let (major, rest) = text.split_once('.')?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        Some(Self { major: major.parse().ok()?, minor: rest[..end].parse().ok()? })
    }
}

impl fmt::Display for KernelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::KernelVersion;

    #[test]
    fn parses_release_names() {
        let v = KernelVersion::new;
        assert_eq!(KernelVersion::parse("v6.12"), Some(v(6, 12)));
        assert_eq!(KernelVersion::parse("6.1.0-32-cloud-amd64"), Some(v(6, 1)));
        assert_eq!(KernelVersion::parse("5.8-rc1"), Some(v(5, 8)));
        assert_eq!(KernelVersion::parse("6"), None);
        assert_eq!(KernelVersion::parse("6.x"), None);
        assert!(v(5, 8) < v(5, 13) && v(4, 20) < v(5, 0));
        assert_eq!(v(6, 12).to_string(), "6.12");
    }
}
