//! Names of types that the text does not declare.

/// Tells whether a name that the text does not declare is a type: of the kernel, say.
/// The parser asks at most once per name, and only where the answer matters.
pub trait TypeNames {
    /// True if `name` is a type.
    fn is_type(&mut self, name: &str) -> bool;

    /// The type whose name is most similar to `name`, for "did you mean".
    fn similar(&mut self, name: &str) -> Option<String> {
        let _ = name;
        None
    }
}

/// Knows no types.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTypeNames;

impl TypeNames for NoTypeNames {
    fn is_type(&mut self, _: &str) -> bool {
        false
    }
}

/// Any function from names to truth.
impl<F: FnMut(&str) -> bool> TypeNames for F {
    fn is_type(&mut self, name: &str) -> bool {
        self(name)
    }
}
