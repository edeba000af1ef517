//! What may follow an attach point of the network: `,prio=10,handle=3`.

use super::super::options::number;

/// The options behind a place, in the order given.
pub(super) struct Options<'t>(Vec<(&'t str, &'t str)>);

impl<'t> Options<'t> {
    /// Takes the options off the end of a text.
    pub(super) fn split(text: &'t str) -> (&'t str, Options<'t>) {
        let mut place = text;
        let mut options = Vec::new();
        while let Some((before, last)) = place.rsplit_once(',') {
            let Some(option) = last.split_once('=') else { break };
            options.push(option);
            place = before;
        }
        options.reverse();
        (place, Options(options))
    }

    /// The value of an option, which is then done with.
    pub(super) fn text(&mut self, key: &str) -> Option<&'t str> {
        let at = self.0.iter().position(|(name, _)| *name == key)?;
        Some(self.0.remove(at).1)
    }

    /// As [`Options::text`], a number that fits.
    pub(super) fn number<N: TryFrom<u64>>(&mut self, key: &str) -> Result<Option<N>, String> {
        let Some(text) = self.text(key) else { return Ok(None) };
        let value = number(text).and_then(|value| N::try_from(value).ok());
        value.map(Some).ok_or_else(|| format!("`{text}` is no {key}"))
    }

    /// As [`Options::text`], yes or no.
    pub(super) fn flag(&mut self, key: &str) -> Result<bool, String> {
        match self.text(key) {
            None | Some("0") => Ok(false),
            Some("1") => Ok(true),
            Some(other) => Err(format!("`{other}` is no {key}: write {key}=1")),
        }
    }

    /// There are no others than `known`.
    pub(super) fn end(&self, known: &str) -> Result<(), String> {
        match self.0.first() {
            None => Ok(()),
            Some((key, _)) if known.is_empty() => {
                Err(format!("`{key}` is no option: there is none here"))
            }
            Some((key, _)) => Err(format!("`{key}` is no option: there is {known}")),
        }
    }
}
