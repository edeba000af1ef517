//! Addresses of real processes and of the running kernel.

mod programs;
mod symbolize;
