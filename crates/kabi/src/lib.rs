//! Facts about the Linux BPF interface as static tables: program, attach and map types, `SEC(…)` names, helpers
//! with C signatures and verifier contracts, context layouts, constants, virtual headers, limits and features.
//!
//! Input: nothing. Output: `static` sorted tables with binary search. Every row that appeared in some kernel names
//! that kernel. This crate does no IO, builds nothing at start-up, and knows nothing about compiling.
//!
//! The tables under `tables/` are written by `cargo xtask kabi` from kernel and libbpf source and are checked in.

#![forbid(unsafe_code)]

mod arch;
pub mod bench;
mod constant;
mod context;
mod ctype;
mod exit;
mod feature;
mod header;
mod helper;
mod kfunc;
mod license;
pub mod limits;
mod lines;
mod map;
mod map_use;
mod prog;
mod section;
mod tables;
mod uapi;
mod version;

pub use arch::{Arch, UnknownArch};
pub use constant::{Constant, constant, constants};
pub use context::{
    AccessOp, Context, ContextKind, CtxFault, CtxField, CtxValue, ObjectKind, Sizes, access_ctx,
    access_object, context_of, object_context,
};
pub use ctype::{CInt, CType};
pub use exit::{ExitRule, LSM_BOOL_HOOKS, LSM_MIN_RETURN, exit_rule};
pub use feature::{FEATURES, Feature, isa_level};
pub use header::{
    Header, HeaderKind, LoadedHeader, has_header, header, header_text, headers, load_header,
};
pub use helper::{
    Arg, ArgFlags, ArgKind, Callback, DynptrKind, Effects, Helper, Param, Proto, Ret, RetKind,
    Signature, helper, helper_by_id, helper_names, helpers,
};
pub use kfunc::{Kfunc, KfuncFlags, kfunc, kfuncs};
pub use license::{GPL_COMPATIBLE_LICENSES, is_gpl_compatible};
pub use map::{MapFlag, MapType, MapTypeInfo, UpdateFlag, map_flag_by_name, map_flags, map_types};
pub use map_use::helper_takes_map;
pub use prog::{
    AttachType, AttachTypeInfo, ProgType, ProgTypeInfo, ProgTypes, attach_types, prog_types,
};
pub use section::{
    BCC_PREFIXES, BccPrefix, SectionDef, SectionFlags, SectionMatch, TargetRule, guess_section,
    parse_bcc_name, parse_section, section_candidates, sections,
};
pub use version::KernelVersion;
