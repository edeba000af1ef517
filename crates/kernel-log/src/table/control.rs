//! Loops, limits, results.

use super::{Row, row};
use bpfc_base::codes::verifier::{E0709, E0711, E0712, E0732};

const COMPLEX: &str =
    "use fewer branches inside loops, global `__noinline` functions, or `bpf_loop`";
const LOOP: &str = "count up to a constant, or use `bpf_loop`; loops need Linux 5.3";
const RESULT: &str = "return one of the values that this program type defines";

pub const ROWS: &[Row] = &[
    row(
        "back-edge from insn {a} to {b}",
        E0712,
        "the code has a loop, which kernels before 5.3 do not take",
        LOOP,
    ),
    row("infinite loop detected", E0712, "the loop has no end that the kernel can see", LOOP),
    row("frame{n} bpf_loop iteration limit reached", E0711, "the loop runs too often", COMPLEX),
    row(
        "BPF program is too large. Processed {n} insn",
        E0711,
        "the kernel gave up after {n} instructions along all paths",
        COMPLEX,
    ),
    row(
        "BPF program is too large. Proccessed {n} insn",
        E0711,
        "the kernel gave up after {n} instructions along all paths",
        COMPLEX,
    ),
    row(
        "The sequence of {n} jumps is too complex",
        E0711,
        "the kernel gave up with {n} branches that wait to be followed",
        COMPLEX,
    ),
    row(
        "BPF program is too complex",
        E0711,
        "the program is too complex: the kernel gave up before it saw all paths",
        COMPLEX,
    ),
    row("argument list too long", E0711, "the program is too large", COMPLEX),
    row(
        "At program exit the register R0 has {got} should have been in {range}",
        E0709,
        "the program returns {got}, but the result must be in {range}",
        RESULT,
    ),
    row(
        "At callback return the register R0 has {got} should have been in {range}",
        E0732,
        "the callback returns {got}, but the result must be in {range}",
        "return 0 to go on, 1 to stop",
    ),
    row(
        "At async callback return the register R0 has {got} should have been in {range}",
        E0732,
        "the callback returns {got}, but the result must be in {range}",
        "return 0",
    ),
    row(
        "{place} the register R{r} has {got} should have been in {range}",
        E0709,
        "`r{r}` is {got}, but must be in {range}",
        RESULT,
    ),
    row(
        "At program exit the register R0 is not a known value",
        E0709,
        "the program returns what is no number",
        RESULT,
    ),
    row("{place} the register R{r} is not a known value", E0709, "the result is no number", RESULT),
    row(
        "At subprogram exit the register R{r} is not a scalar value",
        E0709,
        "the function returns what is no number",
        RESULT,
    ),
    row(
        "R0 not a scalar value",
        E0732,
        "the callback returns what is no number",
        "return 0 to go on, 1 to stop",
    ),
];
