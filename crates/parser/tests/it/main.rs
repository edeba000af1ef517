//! Tests of the public interface: files in `tests/lex` and `tests/parse`, comparison with
//! GCC, real headers, and input that is wrong, hostile or no text at all.

mod deferred;
mod gcc;
mod headers;
mod limits;
mod pages;
mod suites;
mod support;
mod warning_pragmas;
