//! The words after `bpfc features`: a group, then names in it.

use super::Problem;
use bpfc_base::similar::most_similar;
use bpfc_kabi::{ProgType, prog_types};
use bpfc_loader::{Callees, Finding, Group};

/// What to try and show.
#[derive(Debug, Default)]
pub struct Selection {
    /// Groups of findings.
    pub groups: Vec<Group>,
    /// Only these of the group.
    pub names: Vec<String>,
    /// Calls to try.
    pub callees: Option<Callees>,
    /// From programs of these types only.
    pub prog_types: Vec<ProgType>,
    /// Nothing was left out on the command line.
    pub is_everything: bool,
}

/// The words that stand for groups.
const WORDS: [(&str, Group); 16] = [
    ("system", Group::System),
    ("rights", Group::Rights),
    ("settings", Group::Settings),
    ("mounts", Group::Mounts),
    ("config", Group::Config),
    ("isa", Group::Isa),
    ("features", Group::Feature),
    ("btf", Group::Btf),
    ("attach", Group::Attach),
    ("programs", Group::Program),
    ("test-runs", Group::TestRun),
    ("maps", Group::Map),
    ("iterators", Group::Iterator),
    ("struct-ops", Group::StructOps),
    ("helpers", Group::Helper),
    ("kfuncs", Group::Kfunc),
];

impl Selection {
    /// Reads the words; without any everything but the long lists is meant.
    pub fn parse(words: &[String]) -> Result<Selection, Problem> {
        let Some((first, names)) = words.split_first() else {
            let is_long =
                |group: &Group| matches!(group, Group::Config | Group::Helper | Group::Kfunc);
            let groups = Group::ALL.into_iter().filter(|group| !is_long(group)).collect();
            return Ok(Selection { groups, is_everything: true, ..Selection::default() });
        };
        if first == "all" && names.is_empty() {
            let groups = Group::ALL.to_vec();
            let callees = Some(Callees::All);
            return Ok(Selection { groups, callees, is_everything: true, ..Selection::default() });
        }
        let group = group(first)?;
        let callees = match group {
            Group::Helper => Some(Callees::Helpers),
            Group::Kfunc => Some(Callees::Kfuncs),
            _ => None,
        };
        if callees.is_some() {
            let prog_types =
                names.iter().map(|name| prog_type(name)).collect::<Result<Vec<_>, _>>()?;
            return Ok(Selection { callees, prog_types, ..Selection::default() });
        }
        let names = names.to_vec();
        Ok(Selection { groups: vec![group], names, ..Selection::default() })
    }

    /// Every name must be one of the group.
    pub fn check_names(&self, findings: &[Finding]) -> Result<(), Problem> {
        let is_found = |name: &&String| findings.iter().any(|finding| is_name(finding, name));
        let Some(name) = self.names.iter().find(|name| !is_found(name)) else { return Ok(()) };
        let title = self.groups.first().map_or("features", |group| group.title());
        let guess = most_similar(name, findings.iter().map(|finding| finding.name.as_str()));
        Err(Problem {
            message: format!("`{name}` is none of the {title}"),
            help: guess.map(|guess| format!("did you mean `{guess}`?")),
        })
    }
}

/// The group of a word: `maps`, `map`, `test_runs` ….
pub fn group(word: &str) -> Result<Group, Problem> {
    let plain = word.to_ascii_lowercase().replace('_', "-");
    let is_it = |name: &str, group: Group| {
        name == plain || name.strip_suffix('s') == Some(plain.as_str()) || group.id() == word
    };
    match WORDS.into_iter().find(|(name, group)| is_it(name, *group)) {
        Some((_, group)) => Ok(group),
        None => {
            let names: Vec<&str> = WORDS.iter().map(|(name, _)| *name).collect();
            let guess = most_similar(&plain, names.iter().copied());
            Err(Problem {
                message: format!("`{word}` is no group of features"),
                help: Some(match guess {
                    Some(guess) => format!("did you mean `{guess}`?"),
                    None => format!("there are {}, and `all`", names.join(", ")),
                }),
            })
        }
    }
}

/// A program type by its short or its C name.
pub fn prog_type(name: &str) -> Result<ProgType, Problem> {
    let c_name = format!("BPF_PROG_TYPE_{}", name.to_ascii_uppercase());
    ProgType::from_name(name).or(ProgType::from_name(&c_name)).ok_or_else(|| {
        let names: Vec<String> = prog_types().iter().map(|row| short(row.ty)).collect();
        let guess = most_similar(name, names.iter().map(String::as_str));
        Problem {
            message: format!("`{name}` is no type of programs"),
            help: Some(match guess {
                Some(guess) => format!("did you mean `{guess}`?"),
                None => format!("there are {}", names.join(", ")),
            }),
        }
    })
}

/// `xdp` of `BPF_PROG_TYPE_XDP`.
pub fn short(ty: ProgType) -> String {
    ty.name().trim_start_matches("BPF_PROG_TYPE_").to_ascii_lowercase()
}

/// Whether a finding is what a user calls so: by its short name, or by that of C.
pub fn is_name(finding: &Finding, name: &str) -> bool {
    let plain = name.to_ascii_lowercase();
    let plain = match finding.group {
        Group::Program | Group::TestRun => plain.strip_prefix("bpf_prog_type_").unwrap_or(&plain),
        Group::Map => plain.strip_prefix("bpf_map_type_").unwrap_or(&plain),
        _ => &plain,
    };
    finding.name.eq_ignore_ascii_case(plain)
}
