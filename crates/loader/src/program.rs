//! Loaded programs and test runs.

use crate::load::kind::ProgKind;
use crate::load::program::Request;
use crate::map::c_path;
use crate::sys::{bpf, place};
use crate::{Errno, LoadError};
use bpfc_base::Span;
use bpfc_object::FuncId;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// Room for what a program may add to a packet.
const MORE_DATA: usize = 4096;
/// Most bytes that the kernel gives back of a context.
const MAX_CTX: usize = 4096;

/// A program in the kernel. It lives as long as this handle, an attachment or a pin.
#[derive(Debug)]
pub struct Program {
    fd: OwnedFd,
    name: String,
    func: FuncId,
    kind: ProgKind,
    log: String,
    span: Span,
}

impl Program {
    pub(crate) fn new(fd: OwnedFd, request: &Request<'_>, log: String) -> Program {
        Program {
            fd,
            name: request.linked.name.clone(),
            func: request.linked.func,
            kind: request.kind.clone(),
            log,
            span: request.object.functions[request.linked.func].span,
        }
    }

    /// Its name in C.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The function in the object.
    pub fn func(&self) -> FuncId {
        self.func
    }

    /// What it was loaded as.
    pub fn kind(&self) -> &ProgKind {
        &self.kind
    }

    /// What the verifier said, if it was asked to.
    pub fn log(&self) -> &str {
        &self.log
    }

    /// Its name in the source.
    pub fn span(&self) -> Span {
        self.span
    }

    /// The kernel's number for it.
    ///
    /// # Errors
    /// [`LoadError::System`].
    pub fn id(&self) -> Result<u32, LoadError> {
        let info = bpf::prog_info(&self.fd);
        info.map(|info| info.id).map_err(|errno| self.error("ask about", errno))
    }

    /// Instructions that the kernel's verifier went through, each as often as it did; `None`
    /// before 5.16.
    ///
    /// # Errors
    /// [`LoadError::System`].
    pub fn n_verified(&self) -> Result<Option<u32>, LoadError> {
        let info = bpf::prog_info(&self.fd).map_err(|errno| self.error("ask about", errno))?;
        Ok((info.verified_insns > 0).then_some(info.verified_insns))
    }

    fn error(&self, operation: &'static str, errno: Errno) -> LoadError {
        LoadError::System { operation, subject: format!("program `{}`", self.name), errno }
    }

    /// Gives it a name in a mounted bpffs, under which it outlives this process.
    ///
    /// # Errors
    /// [`LoadError::System`].
    pub fn pin(&self, path: &Path) -> Result<(), LoadError> {
        let outcome = bpf::obj_pin(self.as_fd(), &c_path(path)?);
        outcome.map_err(|errno| self.error("pin", errno))
    }

    /// Attaches it to what a descriptor stands for, a control group or a map of sockets, without a link: it stays when the
    /// process ends. [`crate::attach()`] does it better.
    ///
    /// # Errors
    /// [`LoadError::System`].
    pub fn attach_to_fd(
        &self,
        target: BorrowedFd<'_>,
        attach_type: u32,
        flags: u32,
    ) -> Result<(), LoadError> {
        let outcome = place::prog_attach(self.as_fd(), target, attach_type, flags);
        outcome.map_err(|errno| self.error("attach", errno))
    }

    /// Takes it away from where [`Program::attach_to_fd`] put it.
    ///
    /// # Errors
    /// [`LoadError::System`].
    pub fn detach_from_fd(
        &self,
        target: BorrowedFd<'_>,
        attach_type: u32,
    ) -> Result<(), LoadError> {
        let outcome = place::prog_detach(self.as_fd(), target, attach_type);
        outcome.map_err(|errno| self.error("detach", errno))
    }

    /// Runs it in the kernel on data of the caller's, through `BPF_PROG_TEST_RUN` (4.12).
    ///
    /// Packet programs want at least 14 bytes of data, an Ethernet header; raw tracepoint and
    /// `syscall` programs want a context and no data, and are not repeated.
    ///
    /// # Errors
    /// [`LoadError::System`]: the type cannot be run like this, or not on this input.
    pub fn test_run(&self, input: &TestInput<'_>) -> Result<TestOutput, LoadError> {
        let takes_data = !matches!(
            self.kind.prog_type,
            bpfc_kabi::ProgType::RawTracepoint
                | bpfc_kabi::ProgType::Syscall
                | bpfc_kabi::ProgType::Tracing
        );
        let mut data_out = vec![0; if takes_data { input.data.len() + MORE_DATA } else { 0 }];
        let wants_ctx = takes_data && !input.ctx.is_empty();
        let mut ctx_out = vec![0; if wants_ctx { input.ctx.len().max(MAX_CTX) } else { 0 }];
        let mut run = bpf::TestRun {
            data_in: input.data,
            data_out: &mut data_out,
            ctx_in: input.ctx,
            ctx_out: &mut ctx_out,
            repeat: if takes_data { input.repeat.max(1) } else { 0 },
        };
        let (outcome, numbers) = bpf::test_run(self.as_fd(), &mut run);
        outcome.map_err(|errno| self.error("run", errno))?;
        data_out.truncate(numbers.data_size_out as usize);
        ctx_out.truncate(numbers.ctx_size_out as usize);
        Ok(TestOutput {
            retval: numbers.retval,
            duration_ns: numbers.duration_ns,
            data: data_out,
            ctx: ctx_out,
        })
    }
}

impl AsFd for Program {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// What a test run is given.
#[derive(Clone, Copy, Debug, Default)]
pub struct TestInput<'a> {
    /// The packet.
    pub data: &'a [u8],
    /// The context as the program's type defines it for test runs (`struct __sk_buff`,
    /// `struct xdp_md`, arguments); empty for the kernel's own.
    pub ctx: &'a [u8],
    /// How often; 0 counts as 1.
    pub repeat: u32,
}

/// What a test run gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestOutput {
    /// What the program returned, of the last run.
    pub retval: u32,
    /// Mean time of a run.
    pub duration_ns: u32,
    /// The packet afterwards.
    pub data: Vec<u8>,
    /// The context afterwards.
    pub ctx: Vec<u8>,
}
