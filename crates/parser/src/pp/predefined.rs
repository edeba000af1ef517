//! Predefined macros: those of clang for `-target bpf`, and what the command line adds.

use super::{ByteOrder, PpOptions, Predefined, Preprocessor};

/// `clang -target bpfel -dM -E`, what differs from the other.
const LITTLE_ENDIAN: &str = "\
#define __BYTE_ORDER__ __ORDER_LITTLE_ENDIAN__
#define __LITTLE_ENDIAN__ 1
";

/// `clang -target bpfeb -dM -E`
const BIG_ENDIAN: &str = "\
#define __BYTE_ORDER__ __ORDER_BIG_ENDIAN__
#define __BIG_ENDIAN__ 1
";

/// C11 6.10.8 and clang 19, `clang -target bpf -dM -E`. Date and time are
/// fixed, so that the same source gives the same object.
const PREDEFINED: &str = "\
#define __STDC__ 1
#define __STDC_VERSION__ 201112L
#define __STDC_HOSTED__ 0
#define __STDC_UTF_16__ 1
#define __STDC_UTF_32__ 1
#define __DATE__ \"Jan  1 1970\"
#define __TIME__ \"00:00:00\"
#define __TIMESTAMP__ \"Thu Jan  1 00:00:00 1970\"
#define __bpfc__ 1
#define __bpf__ 1
#define __BPF__ 1
#define __BPF_FEATURE_MAY_GOTO 1
#define __clang__ 1
#define __clang_major__ 19
#define __clang_minor__ 1
#define __clang_patchlevel__ 0
#define __clang_version__ \"19.1.0\"
#define __llvm__ 1
#define __GNUC__ 4
#define __GNUC_MINOR__ 2
#define __GNUC_PATCHLEVEL__ 1
#define __GNUC_STDC_INLINE__ 1
#define __VERSION__ \"bpfc\"
#define __OPTIMIZE__ 1
#define __ELF__ 1
#define _LP64 1
#define __LP64__ 1
#define __ORDER_LITTLE_ENDIAN__ 1234
#define __ORDER_BIG_ENDIAN__ 4321
#define __ORDER_PDP_ENDIAN__ 3412
#define __CHAR_BIT__ 8
#define __SCHAR_MAX__ 127
#define __SHRT_MAX__ 32767
#define __INT_MAX__ 2147483647
#define __LONG_MAX__ 9223372036854775807L
#define __LONG_LONG_MAX__ 9223372036854775807LL
#define __SIZE_MAX__ 18446744073709551615UL
#define __INTMAX_MAX__ 9223372036854775807L
#define __UINTMAX_MAX__ 18446744073709551615UL
#define __PTRDIFF_MAX__ 9223372036854775807L
#define __INTPTR_MAX__ 9223372036854775807L
#define __UINTPTR_MAX__ 18446744073709551615UL
#define __WCHAR_MAX__ 2147483647
#define __INT8_MAX__ 127
#define __INT16_MAX__ 32767
#define __INT32_MAX__ 2147483647
#define __INT64_MAX__ 9223372036854775807L
#define __UINT8_MAX__ 255
#define __UINT16_MAX__ 65535
#define __UINT32_MAX__ 4294967295U
#define __UINT64_MAX__ 18446744073709551615UL
#define __SIZEOF_SHORT__ 2
#define __SIZEOF_INT__ 4
#define __SIZEOF_LONG__ 8
#define __SIZEOF_LONG_LONG__ 8
#define __SIZEOF_POINTER__ 8
#define __SIZEOF_SIZE_T__ 8
#define __SIZEOF_PTRDIFF_T__ 8
#define __SIZEOF_WCHAR_T__ 4
#define __SIZEOF_WINT_T__ 4
#define __SIZEOF_INT128__ 16
#define __SIZEOF_FLOAT__ 4
#define __SIZEOF_DOUBLE__ 8
#define __SIZEOF_LONG_DOUBLE__ 8
#define __BIGGEST_ALIGNMENT__ 8
#define __POINTER_WIDTH__ 64
#define __SIZE_TYPE__ long unsigned int
#define __PTRDIFF_TYPE__ long int
#define __INTMAX_TYPE__ long int
#define __UINTMAX_TYPE__ long unsigned int
#define __INTPTR_TYPE__ long int
#define __UINTPTR_TYPE__ long unsigned int
#define __WCHAR_TYPE__ int
#define __WINT_TYPE__ int
#define __CHAR16_TYPE__ unsigned short
#define __CHAR32_TYPE__ unsigned int
#define __INT8_TYPE__ signed char
#define __INT16_TYPE__ short
#define __INT32_TYPE__ int
#define __INT64_TYPE__ long int
#define __UINT8_TYPE__ unsigned char
#define __UINT16_TYPE__ unsigned short
#define __UINT32_TYPE__ unsigned int
#define __UINT64_TYPE__ long unsigned int
#define __INT_LEAST8_TYPE__ signed char
#define __INT_LEAST16_TYPE__ short
#define __INT_LEAST32_TYPE__ int
#define __INT_LEAST64_TYPE__ long int
#define __UINT_LEAST8_TYPE__ unsigned char
#define __UINT_LEAST16_TYPE__ unsigned short
#define __UINT_LEAST32_TYPE__ unsigned int
#define __UINT_LEAST64_TYPE__ long unsigned int
#define __INT_FAST8_TYPE__ signed char
#define __INT_FAST16_TYPE__ short
#define __INT_FAST32_TYPE__ int
#define __INT_FAST64_TYPE__ long int
#define __UINT_FAST8_TYPE__ unsigned char
#define __UINT_FAST16_TYPE__ unsigned short
#define __UINT_FAST32_TYPE__ unsigned int
#define __UINT_FAST64_TYPE__ long unsigned int
#define __INT8_C(c) c
#define __INT8_C_SUFFIX__
#define __INT16_C_SUFFIX__
#define __INT32_C_SUFFIX__
#define __INT64_C_SUFFIX__ L
#define __UINT8_C_SUFFIX__
#define __UINT16_C_SUFFIX__
#define __UINT32_C_SUFFIX__ U
#define __UINT64_C_SUFFIX__ UL
#define __INTMAX_C_SUFFIX__ L
#define __UINTMAX_C_SUFFIX__ UL
#define __USER_LABEL_PREFIX__
#define __REGISTER_PREFIX__
#define __FINITE_MATH_ONLY__ 0
#define __FLT_EVAL_METHOD__ 0
#define __ATOMIC_RELAXED 0
#define __ATOMIC_CONSUME 1
#define __ATOMIC_ACQUIRE 2
#define __ATOMIC_RELEASE 3
#define __ATOMIC_ACQ_REL 4
#define __ATOMIC_SEQ_CST 5
#define __GCC_ASM_FLAG_OUTPUTS__ 1
#define __OPENCL_MEMORY_SCOPE_WORK_ITEM 0
";

impl Preprocessor<'_> {
    /// Reads the predefined macros and those of the command line.
    pub(super) fn predefine(&mut self, options: &PpOptions) {
        self.add_builtins();
        if options.predefined == Predefined::Target {
            self.predefine_target(options);
        }
        let mut text = String::new();
        for define in &options.defines {
            let (name, value) = define.split_once('=').unwrap_or((define, "1"));
            // A definition is one line, whatever the shell passed on.
            let value = value.replace(['\n', '\r', '\0'], " ");
            let name = name.replace(['\n', '\r', '\0'], " ");
            text.push_str(&format!("#define {name} {value}\n"));
        }
        for name in &options.undefines {
            let name = name.replace(['\n', '\r', '\0'], " ");
            text.push_str(&format!("#undef {name}\n"));
        }
        if !text.is_empty() {
            self.read_text("<command-line>", text, false);
        }
    }

    fn predefine_target(&mut self, options: &PpOptions) {
        let version = options.cpu_version;
        let mut text = PREDEFINED.to_owned();
        text.push_str(&format!("#define __BPF_CPU_VERSION__ {version}\n"));
        text.push_str(match options.byte_order {
            ByteOrder::Little => LITTLE_ENDIAN,
            ByteOrder::Big => BIG_ENDIAN,
        });
        for (since, name) in [
            (2, "__BPF_FEATURE_JMP_EXT"),
            (3, "__BPF_FEATURE_JMP32"),
            (3, "__BPF_FEATURE_ALU32"),
            (4, "__BPF_FEATURE_LDSX"),
            (4, "__BPF_FEATURE_MOVSX"),
            (4, "__BPF_FEATURE_BSWAP"),
            (4, "__BPF_FEATURE_SDIV_SMOD"),
            (4, "__BPF_FEATURE_GOTOL"),
            (4, "__BPF_FEATURE_ST"),
        ] {
            if version >= since {
                text.push_str(&format!("#define {name} 1\n"));
            }
        }
        self.read_text("<built-in>", text, true);
    }

    fn read_text(&mut self, name: &str, text: String, defers: bool) {
        if let Ok(id) = self.session.sources.add(name, text, false) {
            self.open_file(id, 0, defers);
            self.run();
        }
    }
}
