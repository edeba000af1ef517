//! C functions that read the arguments of markers.

use super::{UsdtLocation, UsdtProbe};
use bpfc_object::{UsdtArgument as Argument, UsdtOperand as Operand, usdt_arguments as parse};
use std::fmt::Write as _;

/// Where in a page an instruction is does not depend on where its file was loaded.
const PAGE_MASK: u64 = 0xfff;

/// For each argument of each probe: `__bpf_usdt_FUNCTION_N(ctx, to, size)`, N from 1, which
/// stores the argument as a number of `size` bytes and returns 0. Arguments that cannot be
/// read get a function that returns -1, as the one of BCC does.
pub(crate) fn header(probes: &[UsdtProbe]) -> String {
    let mut text = String::from(PRELUDE);
    let mut functions: Vec<&str> = probes.iter().map(|probe| probe.function.as_str()).collect();
    functions.sort_unstable();
    functions.dedup();
    for function in functions {
        let of_function = probes.iter().filter(|probe| probe.function == function);
        let locations: Vec<&UsdtLocation> = of_function.flat_map(|it| &it.locations).collect();
        let n_arguments = locations.iter().map(|it| words(it).len()).max().unwrap_or(0);
        for index in 0..n_arguments {
            write_reader(&mut text, function, index, &locations);
        }
    }
    text
}

const PRELUDE: &str = "#pragma once
#include <bpfc/bcc.h>
#define __bpf_usdt_store(to, size, value) \\
    ((size) == 8 ? (*(u64 *)(to) = (value), 0) : (size) == 4 ? (*(u32 *)(to) = (value), 0) : \\
     (size) == 2 ? (*(u16 *)(to) = (value), 0) : (size) == 1 ? (*(u8 *)(to) = (value), 0) : -1)
";

/// The arguments of a location, each by itself: one that is not understood spoils no other.
fn words(location: &UsdtLocation) -> Vec<Option<Argument>> {
    match parse(&location.arguments) {
        Ok(arguments) => arguments.into_iter().map(Some).collect(),
        Err(_) => {
            let words = location.arguments.split_ascii_whitespace();
            words.map(|word| parse(word).ok()?.pop()).collect()
        }
    }
}

fn write_reader(text: &mut String, function: &str, index: usize, locations: &[&UsdtLocation]) {
    let found: Vec<(u64, Option<Argument>)> = locations
        .iter()
        .map(|it| (it.address, words(it).into_iter().nth(index).flatten()))
        .collect();
    let _ = write!(
        text,
        "static inline __attribute__((always_inline)) int __bpf_usdt_{function}_{}\
         (struct pt_regs *ctx, void *to, u64 size)\n{{\n    u64 value = 0;\n",
        index + 1
    );
    if let Some((_, first)) = found.first()
        && found.iter().all(|(_, argument)| argument == first)
    {
        write_value(text, first.as_ref());
    } else {
        let mut offsets: Vec<u64> = found.iter().map(|(at, _)| at & PAGE_MASK).collect();
        offsets.sort_unstable();
        offsets.dedup();
        // Locations at the same place of two pages are told apart by the address itself, which
        // is right for files that are loaded where they were linked.
        let mask = if offsets.len() == found.len() { PAGE_MASK } else { u64::MAX };
        let _ = writeln!(text, "    switch (PT_REGS_IP(ctx) & {mask:#x}ull) {{");
        for (at, argument) in &found {
            let _ = writeln!(text, "    case {:#x}ull:", at & mask);
            write_value(text, argument.as_ref());
            text.push_str("        break;\n");
        }
        text.push_str("    default:\n        return -1;\n    }\n");
    }
    text.push_str("    return __bpf_usdt_store(to, size, value);\n}\n");
}

fn write_value(text: &mut String, argument: Option<&Argument>) {
    let Some(Argument { ty, operand, .. }) = argument else {
        text.push_str("        return -1;\n");
        return;
    };
    let _ = match operand {
        Operand::Number(value) => writeln!(text, "        value = ({ty}){value}ll;"),
        Operand::Register(name) => writeln!(text, "        value = ({ty})ctx->{name};"),
        Operand::Memory { base, index, offset } => {
            let _ = write!(text, "        {{\n            {ty} found = 0;\n");
            let _ = write!(text, "            u64 at = ctx->{base} + {offset}ll");
            if let Some((index, scale)) = index {
                let _ = write!(text, " + ctx->{index} * {scale}ull");
            }
            text.push_str(
                ";\n            bpf_probe_read_user(&found, sizeof(found), (void *)at);\n",
            );
            writeln!(text, "            value = found;\n        }}")
        }
    };
}
