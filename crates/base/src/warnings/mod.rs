//! Which warnings are reported: flags of the command line, and pragmas that change them for
//! a part of the source.
//!
//! Every warning has a [`Flag`], named as in clang and GCC. [`Levels`] says what each flag
//! does; [`WarningControl`] knows the levels at every place of the source.

mod control;
mod levels;
mod table;

pub use control::WarningControl;
pub use levels::{Level, Levels, PragmaLevel, Request, UnknownFlag, members};
pub use table::{Default, FLAGS, Flag, FlagInfo, GROUPS};

use crate::codes::lex::W0105;
use crate::{Diagnostic, Session};

/// Carries out the options of the command line that are about warnings, such as `-Wall`,
/// `-Wno-unused` and `-w`, and leaves the others alone. Unknown names are reported when all
/// options are known.
pub fn configure<'a>(session: &mut Session, options: impl IntoIterator<Item = &'a str>) {
    let mut unknown = Vec::new();
    for option in options {
        let request = match (option, option.strip_prefix("-W")) {
            (_, Some(name)) => Request::Flag(name.to_owned()),
            ("-w", None) => Request::Quiet,
            _ => continue,
        };
        unknown.extend(session.warnings.request(&request).err());
    }
    for UnknownFlag { option, similar } in unknown {
        let mut diagnostic =
            Diagnostic::without_span(W0105, format!("unknown warning option `{option}`"));
        if let Some(similar) = similar {
            diagnostic = diagnostic.with_help(format!("did you mean `{similar}`?"));
        }
        session.report(diagnostic);
    }
}
