//! What each flag does, and the options that say so.

use super::table::{ACCEPTED, Default, FLAGS, Flag, GROUPS};
use crate::similar::most_similar;

/// What becomes of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It is dropped.
    Off,
    /// It is a warning.
    Warning,
    /// It is an error; true if a warning was made one by `-Werror`.
    Error(bool),
}

/// What a pragma asks for: `#pragma GCC diagnostic warning "-Wshadow"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PragmaLevel {
    /// `ignored`
    Ignored,
    /// `warning`
    Warning,
    /// `error` and `fatal`
    Error,
}

/// One option of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// `-w`
    Quiet,
    /// `-W…`: what stands behind `-W`.
    Flag(String),
}

/// A name behind `-W` that is no flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFlag {
    /// The option as it was given, for instance `-Wno-shadwo`.
    pub option: String,
    /// The option that was probably meant.
    pub similar: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Setting {
    is_on: bool,
    /// An error by itself or by `-Werror=name`.
    is_error: bool,
    /// `-Wno-error=name`
    is_never_error: bool,
    /// An option was about it.
    is_given: bool,
}

/// The levels of all flags at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levels {
    settings: Vec<Setting>,
    /// `-w`
    is_quiet: bool,
    /// `-Werror`
    is_werror: bool,
    /// `-Wsystem-headers`
    with_system_headers: bool,
}

impl std::default::Default for Levels {
    fn default() -> Self {
        let setting = |default| Setting {
            is_on: matches!(default, Default::On | Default::Error),
            is_error: default == Default::Error,
            is_never_error: false,
            is_given: false,
        };
        Self {
            settings: FLAGS.iter().map(|info| setting(info.default)).collect(),
            is_quiet: false,
            is_werror: false,
            with_system_headers: false,
        }
    }
}

impl Levels {
    /// What becomes of a diagnostic with `flag`.
    pub fn level(&self, flag: Flag) -> Level {
        let setting = self.settings[flag.0 as usize];
        if !setting.is_on {
            return Level::Off;
        }
        if setting.is_error {
            let by_default = flag.info().default == Default::Error;
            return Level::Error(!by_default);
        }
        if self.is_quiet {
            return Level::Off;
        }
        match self.is_werror && !setting.is_never_error {
            true => Level::Error(true),
            false => Level::Warning,
        }
    }

    /// What becomes of a warning without a flag.
    pub fn level_of_warnings(&self) -> Level {
        match (self.is_quiet, self.is_werror) {
            (true, _) => Level::Off,
            (false, true) => Level::Error(true),
            (false, false) => Level::Warning,
        }
    }

    /// Whether headers of the system get warnings.
    pub fn with_system_headers(&self) -> bool {
        self.with_system_headers
    }

    /// Carries out an option. As in clang, a later one wins over an earlier one.
    ///
    /// # Errors
    /// An unknown name behind `-W`; nothing is changed.
    pub fn apply(&mut self, request: &Request) -> Result<(), UnknownFlag> {
        match request {
            Request::Quiet => self.is_quiet = true,
            Request::Flag(text) => return self.flag_option(text),
        }
        Ok(())
    }

    /// What stands behind `-W`.
    fn flag_option(&mut self, text: &str) -> Result<(), UnknownFlag> {
        // `-Wformat=2`, `-Wimplicit-fallthrough=3`, `-Wstack-usage=512`: the number is GCC's.
        let text = match text.split_once('=') {
            Some((name, value)) if value.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => text,
        };
        match text {
            // Options of other programs: `-Wa,…`, `-Wl,…`, `-Wp,…`.
            _ if ["a,", "l,", "p,"].iter().any(|prefix| text.starts_with(prefix)) => {}
            "none" => self.is_quiet = true,
            "error" => self.is_werror = true,
            "no-error" => self.is_werror = false,
            "fatal-errors" | "no-fatal-errors" => {}
            "system-headers" => self.with_system_headers = true,
            "no-system-headers" => self.with_system_headers = false,
            _ => {
                if let Some(name) = text.strip_prefix("error=") {
                    let flags = flags_or_unknown("error=", name)?;
                    flags.into_iter().for_each(|flag| self.make_error(flag));
                } else if let Some(name) = text.strip_prefix("no-error=") {
                    for flag in flags_or_unknown("no-error=", name)? {
                        let setting = &mut self.settings[flag.0 as usize];
                        setting.is_error = false;
                        setting.is_never_error = true;
                        setting.is_given = true;
                    }
                } else if let Some(name) = text.strip_prefix("no-") {
                    for flag in flags_or_unknown("no-", name)? {
                        self.switch(flag, false);
                    }
                } else {
                    for flag in flags_or_unknown("", text)? {
                        self.switch(flag, true);
                    }
                }
            }
        }
        Ok(())
    }

    fn switch(&mut self, flag: Flag, is_on: bool) {
        let setting = &mut self.settings[flag.0 as usize];
        *setting = Setting { is_on, is_given: true, ..*setting };
    }

    /// Switches flags off that no option was about: for programs of a dialect that is always
    /// compiled without them.
    pub(super) fn relax(&mut self, names: &[&str]) {
        for flag in names.iter().filter_map(|name| Flag::find(name)) {
            let setting = &mut self.settings[flag.0 as usize];
            setting.is_on &= setting.is_given;
        }
    }

    fn make_error(&mut self, flag: Flag) {
        self.settings[flag.0 as usize] =
            Setting { is_on: true, is_error: true, is_never_error: false, is_given: true };
    }

    /// Carries out a pragma about `option`, which begins with `-W`.
    ///
    /// # Errors
    /// The option is no flag; nothing is changed.
    pub fn apply_pragma(&mut self, level: PragmaLevel, option: &str) -> Result<(), UnknownFlag> {
        let name = option.strip_prefix("-W").unwrap_or(option);
        let (level, name) = match (level, name.strip_prefix("no-")) {
            (PragmaLevel::Warning, Some(name)) => (PragmaLevel::Ignored, name),
            _ => (level, name),
        };
        for flag in flags_or_unknown("", name)? {
            let setting = &mut self.settings[flag.0 as usize];
            match level {
                PragmaLevel::Ignored => setting.is_on = false,
                PragmaLevel::Warning => {
                    *setting = Setting { is_on: true, is_error: false, ..*setting };
                }
                PragmaLevel::Error => self.make_error(flag),
            }
        }
        Ok(())
    }
}

/// The flags that `name` stands for; none for a flag of other compilers.
fn flags_or_unknown(prefix: &str, name: &str) -> Result<Vec<Flag>, UnknownFlag> {
    let flags = members(name);
    let name = name.strip_suffix("=2").unwrap_or(name);
    if !flags.is_empty() || ACCEPTED.contains(&name) {
        return Ok(flags);
    }
    let similar = similar_flag(name).map(|similar| format!("-W{prefix}{similar}"));
    Err(UnknownFlag { option: format!("-W{prefix}{name}"), similar })
}

/// The name of a flag or group that is most like `name`.
pub(super) fn similar_flag(name: &str) -> Option<&'static str> {
    let own = FLAGS.iter().map(|info| info.name);
    let groups = GROUPS.iter().map(|(name, _)| *name);
    let all = ["all", "extra", "pedantic", "everything", "error"];
    most_similar(name, own.chain(groups).chain(all).chain(ACCEPTED.iter().copied()))
}

/// The flags that `name`, a flag or a group, stands for; empty if it is neither.
pub fn members(name: &str) -> Vec<Flag> {
    let by_default = |wanted: &[Default]| {
        Flag::all().filter(|flag| wanted.contains(&flag.info().default)).collect()
    };
    match name {
        "all" | "most" => by_default(&[Default::On, Default::All, Default::Error]),
        "extra" => by_default(&[Default::Extra]),
        "pedantic" => by_default(&[Default::Pedantic]),
        "everything" => Flag::all().collect(),
        _ => {
            let mut flags: Vec<Flag> = Flag::find(name).into_iter().collect();
            let group = GROUPS.iter().find(|(group, _)| *group == name);
            for member in group.into_iter().flat_map(|(_, members)| members.iter()) {
                let nested = if *member == name { Vec::new() } else { members(member) };
                flags.extend(nested);
            }
            flags.sort_unstable();
            flags.dedup();
            flags
        }
    }
}
