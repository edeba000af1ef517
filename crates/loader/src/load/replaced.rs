//! The function of another program that a program replaces.

use crate::LoadError;
use crate::sys::{bpf, ids};
use bpfc_base::Span;
use bpfc_base::similar::most_similar;
use bpfc_btf::{Btf, KindSet};
use std::os::fd::OwnedFd;

/// Opens the program of `target`, `ID:FUNCTION`, and finds the function in its types.
pub(super) fn find(target: &str, program: &str, span: Span) -> Result<(OwnedFd, u32), LoadError> {
    let parts = target.split_once(':').and_then(|(id, name)| Some((id.parse::<u32>().ok()?, name)));
    let Some((id, function)) = parts else {
        return Err(LoadError::Unsupported {
            subject: format!("program `{program}`"),
            what: format!(
                "say in which program it replaces a function: --attach \
                 {program}=freplace:PROGRAM_ID:{target}"
            ),
            span,
        });
    };
    let subject = || format!("program {id}");
    let error = |operation, errno| LoadError::System { operation, subject: subject(), errno };
    let fd = ids::open(ids::Kind::Program, id).map_err(|errno| error("open", errno))?;
    let info = bpf::prog_info(&fd).map_err(|errno| error("ask about", errno))?;
    let bytes = match info.btf_id {
        0 => Vec::new(),
        btf => ids::btf_of(btf).map_err(|errno| error("read the types of", errno))?,
    };
    if bytes.is_empty() {
        return Err(LoadError::Missing {
            needed: format!("program `{program}`"),
            feature: format!("types (BTF) of program {id}"),
            span,
        });
    }
    let btf = Btf::parse(bytes).map_err(|error| LoadError::Btf { of: subject(), error })?;
    match btf.find_by_name(function, KindSet::FUNC) {
        Some(ty) => Ok((fd, ty.0)),
        None => {
            let functions = btf.ids().filter(|id| btf.kind(*id) == Some(bpfc_btf::Kind::Func));
            let candidate = most_similar(function, functions.map(|id| btf.name(id)));
            Err(LoadError::NoTarget {
                kind: "function of that program",
                name: function.into(),
                candidate: candidate.map(str::to_owned),
            })
        }
    }
}
