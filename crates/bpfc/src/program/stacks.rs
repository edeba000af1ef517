//! Stacks of what was loaded.

use super::{Error, Loaded, Stage};
use crate::stacks::{Profile, Stacks};

impl Loaded {
    /// Counts the stacks that its maps and events have, and names what is on them.
    ///
    /// ```no_run
    /// use bpfc::stacks::Sides;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let source = std::fs::read_to_string("examples/profile.c")?;
    /// let attached = bpfc::Program::compile(source)?.check()?.load()?.attach()?;
    /// let mut profile = attached.profile()?;
    /// for _ in 0..10 {
    ///     std::thread::sleep(std::time::Duration::from_millis(100));
    ///     profile.watch();
    /// }
    /// let folded = profile.folded(Sides { user: true, kernel: true })?;
    /// print!("{folded}");
    /// std::fs::write("profile.svg", bpfc::svg::flame_graph("profile", &folded))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// This process has no descriptors left.
    pub fn profile(&self) -> Result<Profile<'_>, Error> {
        let btf = self.types.btf(&self.object).map(|btf| &**btf);
        let profile = Profile::new(&self.object, btf, |id| &self.inner.maps[id]);
        profile.map_err(|error| self.error(Stage::Use, error))
    }

    /// Reads single stacks, whose numbers are of its maps of stacks.
    ///
    /// # Errors
    /// This process has no descriptors left.
    pub fn stacks(&self) -> Result<Stacks, Error> {
        let maps = self.object.maps.iter_enumerated().map(|(id, _)| &self.inner.maps[id]);
        Stacks::new(maps).map_err(|error| self.error(Stage::Use, error))
    }
}
