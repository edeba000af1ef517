//! The proof that a module may be compiled.

use super::Module;

/// A module without errors: what code generation accepts. Made by
/// [`validate`](crate::validate) only.
#[derive(Clone, Debug)]
pub struct Valid {
    module: Module,
}

impl Valid {
    pub(crate) fn new(module: Module) -> Self {
        Self { module }
    }

    /// The module.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// The module, without the proof.
    pub fn into_module(self) -> Module {
        self.module
    }
}

impl std::ops::Deref for Valid {
    type Target = Module;

    fn deref(&self) -> &Module {
        &self.module
    }
}
