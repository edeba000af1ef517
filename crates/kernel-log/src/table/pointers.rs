//! Arithmetic.

use super::{Row, row};
use bpfc_base::codes::verifier::{E0703, E0704, E0714};

const NUMBER: &str = "check the bounds of the number before it is added";

pub const ROWS: &[Row] = &[
    row(
        "R{r} pointer arithmetic on {what}_or_null prohibited",
        E0703,
        "`r{r}` may be null here",
        "leave the path if the pointer is null before anything is added to it",
    ),
    row(
        "R{r} pointer arithmetic on {what} prohibited, null-check it first",
        E0703,
        "`r{r}` may be null here",
        "leave the path if the pointer is null before anything is added to it",
    ),
    row(
        "R{r} pointer arithmetic on {what} prohibited",
        E0704,
        "nothing can be added to `{what}`",
        "",
    ),
    row(
        "R{r} pointer arithmetic of map value goes out of range, prohibited for !root",
        E0704,
        "for unprivileged programs, the pointer must stay inside the map value",
        NUMBER,
    ),
    row(
        "R{r} 32-bit pointer arithmetic prohibited",
        E0704,
        "a pointer is cut to 32 bits",
        "keep it in a pointer or in 64 bits",
    ),
    row(
        "R{r} pointer arithmetic with {op} operator prohibited",
        E0704,
        "operator `{op}` works on numbers only, not on a pointer",
        "",
    ),
    row(
        "R{r} bitwise operator {op} on pointer prohibited",
        E0704,
        "operator `{op}` works on numbers only, not on a pointer",
        "",
    ),
    row(
        "R{r} pointer arithmetic prohibited",
        E0704,
        "this arithmetic works on numbers only, not on a pointer",
        "",
    ),
    row("R{r} pointer {op} pointer prohibited", E0704, "operator `{op}` between two pointers", ""),
    row(
        "R{r} tried to subtract pointer from scalar",
        E0704,
        "a pointer is subtracted from a number",
        "",
    ),
    row(
        "R{r} subtraction from stack pointer prohibited",
        E0704,
        "an unknown number is subtracted from an address on the stack",
        "",
    ),
    row(
        "R{r} sign-extension part of pointer",
        E0704,
        "a part of a pointer is sign-extended",
        "keep it in a pointer or in 64 bits",
    ),
    row(
        "R{r} partial copy of pointer",
        E0704,
        "a pointer is cut to 32 bits",
        "keep it in a pointer or in 64 bits",
    ),
    row(
        "R{r} pointer comparison prohibited",
        E0704,
        "for unprivileged programs, pointers cannot be compared",
        "",
    ),
    row(
        "math between {what} pointer and register with unbounded min value is not allowed",
        E0704,
        "a number that may be anything is added to a pointer to `{what}`",
        NUMBER,
    ),
    row(
        "math between {what} pointer and {number} is not allowed",
        E0704,
        "{number} is too far from where the pointer to `{what}` leads",
        "",
    ),
    row(
        "value {number} makes {what} pointer be out of bounds",
        E0704,
        "{number} is too far from where the pointer to `{what}` leads",
        NUMBER,
    ),
    row(
        "{what} pointer offset {number} is not allowed",
        E0704,
        "offset {number} from the pointer to `{what}` is too far",
        NUMBER,
    ),
    row(
        "R{r} has unknown scalar with mixed signed bounds",
        E0704,
        "for unprivileged programs, the number that is added to a pointer needs bounds of one sign",
        "make it unsigned, and compare it with a constant",
    ),
    row(
        "R{r} has pointer with unsupported alu operation",
        E0704,
        "unprivileged programs cannot do this with a pointer",
        "",
    ),
    row(
        "R{r} tried to {op} from different maps, paths or scalars",
        E0704,
        "one addition is reached with different pointers, which unprivileged programs cannot do",
        "",
    ),
    row(
        "R{r} tried to {op} beyond pointer bounds",
        E0704,
        "for unprivileged programs, the pointer must stay inside its object",
        NUMBER,
    ),
    row(
        "R{r} variable stack access prohibited for !root",
        E0704,
        "unprivileged programs use constant indices on the stack only",
        "",
    ),
    row(
        "addr_space_cast insn can only",
        E0704,
        "an arena's pointer is converted where it cannot be",
        "",
    ),
    row("div by zero", E0714, "division by the constant zero", ""),
    row("BPF_ALU64 division by zero", E0714, "division by the constant zero", ""),
    row("invalid shift {n}", E0714, "a shift by {n} is not below the operand's width", ""),
];
