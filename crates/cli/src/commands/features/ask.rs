//! `--has`: whether single things are there, for scripts.

use super::{Problem, select};
use crate::exit::Exit;
use bpfc_base::similar::most_similar;
use bpfc_kabi::{Helper, ProgType, helper, prog_types};
use bpfc_loader::{
    Finding, Group, Kernel, KernelFunction, Verdict, kernel_functions, may_call, probe,
    probe_kernel_functions,
};

/// Finds each of `wanted`, in their order. Groups are tried once, and only those that are needed.
pub fn answer(kernel: &Kernel, wanted: &[String]) -> Result<Vec<Finding>, Problem> {
    let questions: Vec<Question<'_>> =
        wanted.iter().map(|text| Question::parse(text)).collect::<Result<_, _>>()?;
    let is_needed = |group: &Group| {
        questions.iter().any(|question| match question.group {
            Some(wanted) => wanted == *group,
            None => !question.is_callee(),
        })
    };
    let groups: Vec<Group> = Group::ALL.into_iter().filter(is_needed).collect();
    let findings = probe(kernel, &groups);
    questions.iter().map(|question| question.answer(kernel, &findings)).collect()
}

/// 0 if everything is there, 1 if something is not, 3 if it cannot be told.
pub fn exit_status(findings: &[Finding]) -> Exit {
    let is = |wanted: fn(&Verdict) -> bool| findings.iter().any(|found| wanted(&found.verdict));
    if is(|verdict| matches!(verdict, Verdict::No { .. })) {
        Exit::Diagnostics
    } else if is(|verdict| matches!(verdict, Verdict::Unknown { .. })) {
        Exit::Environment
    } else {
        Exit::Fine
    }
}

/// `[GROUP:]NAME[@PROGRAM_TYPE]`.
struct Question<'a> {
    text: &'a str,
    group: Option<Group>,
    name: &'a str,
    from: Option<ProgType>,
}

impl<'a> Question<'a> {
    fn parse(text: &'a str) -> Result<Question<'a>, Problem> {
        let (group, rest) = match text.split_once(':') {
            Some((group, rest)) => (Some(select::group(group)?), rest),
            None => (None, text),
        };
        let (name, from) = match rest.split_once('@') {
            Some((name, from)) => (name, Some(select::prog_type(from)?)),
            None => (rest, None),
        };
        let question = Question { text, group, name, from };
        if from.is_some() && !question.is_callee() {
            return Err(Problem {
                message: format!(
                    "`{text}`: only helpers and kernel functions are called from programs"
                ),
                help: None,
            });
        }
        Ok(question)
    }

    /// Whether it asks about a function.
    fn is_callee(&self) -> bool {
        match self.group {
            Some(group) => matches!(group, Group::Helper | Group::Kfunc),
            None => self.from.is_some() || self.name.starts_with("bpf_") && !self.is_type(),
        }
    }

    /// `BPF_PROG_TYPE_XDP` and the like.
    fn is_type(&self) -> bool {
        let is_it = |prefix| self.name.to_ascii_uppercase().starts_with(prefix);
        is_it("BPF_PROG_TYPE_") || is_it("BPF_MAP_TYPE_")
    }

    fn answer(&self, kernel: &Kernel, findings: &[Finding]) -> Result<Finding, Problem> {
        if self.is_callee() {
            return match helper(self.name) {
                Some(helper) if self.group != Some(Group::Kfunc) => {
                    Ok(self.of_helper(kernel, helper))
                }
                _ if self.group == Some(Group::Helper) => Err(self.no_helper()),
                _ => Ok(self.of_kfunc(kernel)),
            };
        }
        let in_group = |found: &&Finding| self.group.is_none_or(|group| group == found.group);
        let mut matching = findings.iter().filter(in_group);
        let same: Vec<&Finding> =
            matching.clone().filter(|found| select::is_name(found, self.name)).collect();
        match same.as_slice() {
            [only] => Ok((*only).clone()),
            [] => {
                let guess = most_similar(self.name, matching.by_ref().map(|f| f.name.as_str()));
                Err(Problem {
                    message: format!("there is no feature `{}`", self.text),
                    help: Some(match guess {
                        Some(guess) => format!("did you mean `{guess}`?"),
                        None => "`bpfc features` lists them".to_owned(),
                    }),
                })
            }
            several => {
                let ids: Vec<String> = several
                    .iter()
                    .map(|found| format!("{}:{}", found.group.id(), found.name))
                    .collect();
                Err(Problem {
                    message: format!("`{}` may be {}", self.text, ids.join(" or ")),
                    help: Some(format!("say which: `--has {}`", ids[0])),
                })
            }
        }
    }

    fn no_helper(&self) -> Problem {
        let guess = most_similar(self.name, bpfc_kabi::helper_names());
        Problem {
            message: format!("there is no helper `{}`", self.name),
            help: guess.map(|guess| format!("did you mean `{guess}`?")),
        }
    }

    fn finding(
        &self,
        group: Group,
        verdict: Verdict,
        since: Option<bpfc_kabi::KernelVersion>,
    ) -> Finding {
        let name = match self.from {
            Some(from) => format!("{}@{}", self.name, select::short(from)),
            None => self.name.to_owned(),
        };
        Finding { group, name, title: None, verdict, since }
    }

    /// The types from which a call counts.
    fn callers(&self) -> Vec<ProgType> {
        match self.from {
            Some(from) => vec![from],
            None => prog_types().iter().map(|row| row.ty).collect(),
        }
    }

    fn of_helper(&self, kernel: &Kernel, helper: &Helper) -> Finding {
        let mut callers = self.callers();
        // Those that are known to have it come first, as one is enough.
        callers.sort_by_key(|ty| !helper.is_allowed(*ty, None));
        let answers = callers.into_iter().map(|ty| may_call(kernel, ty, helper));
        self.finding(Group::Helper, self.of_answers(answers), Some(helper.since))
    }

    fn of_kfunc(&self, kernel: &Kernel) -> Finding {
        let functions: Vec<KernelFunction> = kernel_functions(kernel)
            .into_iter()
            .filter(|function| function.name == self.name)
            .collect();
        let row = bpfc_kabi::kfunc(self.name);
        let since = row.and_then(|row| row.since);
        if functions.is_empty() {
            let verdict = match kernel.btf() {
                Some(_) => Verdict::No {
                    reason: "the types of this kernel have no such function".into(),
                    remedy: since.map(|since| format!("use Linux {since} or newer")),
                },
                None => Verdict::Unknown {
                    reason: "this kernel does not describe its types".into(),
                    remedy: Some("use a kernel that is built with CONFIG_DEBUG_INFO_BTF".into()),
                },
            };
            return self.finding(Group::Kfunc, verdict, since);
        }
        let mut callers = self.callers();
        callers.sort_by_key(|ty| !row.is_some_and(|row| row.progs.contains(*ty)));
        let answers = callers.into_iter().map(|ty| {
            probe_kernel_functions(kernel, ty, &functions).map(|callable| !callable.is_empty())
        });
        self.finding(Group::Kfunc, self.of_answers(answers), since)
    }

    /// One yes is enough.
    fn of_answers(&self, answers: impl Iterator<Item = Option<bool>>) -> Verdict {
        let mut is_known = false;
        for answer in answers {
            match answer {
                Some(true) => return Verdict::Yes,
                Some(false) => is_known = true,
                None => {}
            }
        }
        match (is_known, self.from) {
            (true, Some(from)) => Verdict::No {
                reason: format!("programs of type `{}` may not call it", select::short(from)),
                remedy: None,
            },
            (true, None) => {
                Verdict::No { reason: "this kernel does not have it".into(), remedy: None }
            }
            (false, _) => Verdict::Unknown {
                reason: "programs cannot be loaded to try it".into(),
                remedy: Some("run it as root; `bpfc features rights` shows what is missing".into()),
            },
        }
    }
}
