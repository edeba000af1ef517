/* All types of the kernel: they come from BTF by name. Only what BTF cannot carry is here. */
#pragma once
#ifndef __VMLINUX_H__
#define __VMLINUX_H__
#endif
#include <bpfc/pt_regs.h>
