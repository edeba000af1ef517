//! `tests/verify/*.s`: the verdict, the place and the words; and the kernel's verdict where there is
//! one. `;@ kernel: 6.3` is the version that the file is about; the kernel of the
//! machine is asked about its own. `;@ alone: reason` says that it is not asked, and it is not about what
//! `;@ unprivileged: reason` marks, programs that users without privileges load. `;@ align: strictly` is for machines
//! that need that.

use crate::{assembly, kernel};
use bpfc_base::Idx;
use bpfc_kabi::KernelVersion;
use bpfc_object::{FuncId, link};
use bpfc_testkit::{Found, Suite};
use bpfc_verifier::{Verdict, VerifyOptions, verify};

#[test]
fn files() {
    let running = kernel::kernel();
    if let Err(reason) = &running {
        kernel::skip(reason);
    }
    Suite::in_workspace("tests/verify")
        .extensions(&["s"])
        .keys(&["section", "map", "kernel", "alone", "align", "unprivileged"])
        .run(move |test| {
            let settings = &test.file().settings;
            let maps = settings.iter().filter(|setting| setting.key == "map");
            let maps = maps.map(|setting| assembly::map(&setting.value)).collect();
            let section = test.setting("section").unwrap_or("xdp").to_owned();
            let assembled = assembly::object(test.name(), test.text(), &section, maps)?;
            let linked = link(&assembled.object, FuncId::new(0)).map_err(|e| e.to_string())?;
            let aligns_strictly = test.setting("align") == Some("strictly");
            let unprivileged = test.setting("unprivileged").is_some();
            let options = |kernel| VerifyOptions {
                kernel,
                aligns_strictly,
                unprivileged,
                ..VerifyOptions::default()
            };
            let wanted = test.setting("kernel").and_then(KernelVersion::parse);
            let report =
                verify(&assembled.object, &linked, &options(wanted), &assembled.session.sources);
            let found: Vec<Found> = report
                .diagnostics
                .iter()
                .map(|diagnostic| Found::new(&assembled.session, diagnostic, assembled.file))
                .collect();
            test.diagnostics(&found);
            if let (Ok(running), None) =
                (&running, test.setting("alone").or(test.setting("unprivileged")))
            {
                let kernel_says = {
                    let name = test.path().file_stem().unwrap().to_string_lossy().into_owned();
                    let scratch = kernel::Scratch::new(&name);
                    kernel::load(&scratch, &assembled.object, FuncId::new(0))
                };
                let options = options(Some(*running));
                let report =
                    verify(&assembled.object, &linked, &options, &assembled.session.sources);
                match (report.verdict, kernel_says) {
                    (Verdict::Accepted, Err(log)) => {
                        test.fail(format!("the kernel refuses what is accepted here:\n{log}"));
                    }
                    (Verdict::Rejected, Ok(())) => {
                        let message = &report.diagnostics[0].message;
                        test.fail(format!("the kernel accepts what is refused here: {message}"));
                    }
                    (Verdict::Rejected, Err(log)) => {
                        if let Some(text) = kernel::code_differs(&report.diagnostics[0], &log) {
                            test.fail(text);
                        }
                    }
                    (Verdict::Accepted, Ok(())) => {}
                }
            }
            Ok(())
        })
        .finish();
}
