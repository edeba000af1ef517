/* Reads through kernel pointers that are relocated to the running kernel's layout (CO-RE). */
#pragma once
#include <bpf/bpf_helpers.h>

/* Numbers of the relocation kinds, as the builtins take them. */
enum bpf_field_info_kind {
    BPF_FIELD_BYTE_OFFSET = 0,
    BPF_FIELD_BYTE_SIZE = 1,
    BPF_FIELD_EXISTS = 2,
    BPF_FIELD_SIGNED = 3,
    BPF_FIELD_LSHIFT_U64 = 4,
    BPF_FIELD_RSHIFT_U64 = 5,
};
enum bpf_type_id_kind {
    BPF_TYPE_ID_LOCAL = 0,
    BPF_TYPE_ID_TARGET = 1,
};
enum bpf_type_info_kind {
    BPF_TYPE_EXISTS = 0,
    BPF_TYPE_SIZE = 1,
    BPF_TYPE_MATCHES = 2,
};
enum bpf_enum_value_kind {
    BPF_ENUMVAL_EXISTS = 0,
    BPF_ENUMVAL_VALUE = 1,
};

/* Questions about fields, types and enumerators. A field is an expression, or a type and a member. */
#define ___bpf_field_ref1(field) (field)
#define ___bpf_field_ref2(type, field) (((__typeof__(type) *)0)->field)
#define ___bpf_field_ref(args...) ___bpf_apply(___bpf_field_ref, ___bpf_narg(args))(args)
#define bpf_core_field_exists(field...) \
    __builtin_preserve_field_info(___bpf_field_ref(field), BPF_FIELD_EXISTS)
#define bpf_core_field_size(field...) \
    __builtin_preserve_field_info(___bpf_field_ref(field), BPF_FIELD_BYTE_SIZE)
#define bpf_core_field_offset(field...) \
    __builtin_preserve_field_info(___bpf_field_ref(field), BPF_FIELD_BYTE_OFFSET)
#define bpf_core_type_id_local(type) __builtin_btf_type_id(*(__typeof__(type) *)0, BPF_TYPE_ID_LOCAL)
#define bpf_core_type_id_kernel(type) __builtin_btf_type_id(*(__typeof__(type) *)0, BPF_TYPE_ID_TARGET)
#define bpf_core_type_exists(type) __builtin_preserve_type_info(*(__typeof__(type) *)0, BPF_TYPE_EXISTS)
#define bpf_core_type_matches(type) __builtin_preserve_type_info(*(__typeof__(type) *)0, BPF_TYPE_MATCHES)
#define bpf_core_type_size(type) __builtin_preserve_type_info(*(__typeof__(type) *)0, BPF_TYPE_SIZE)
#define bpf_core_enum_value_exists(enum_type, value) \
    __builtin_preserve_enum_value(*(__typeof__(enum_type) *)value, BPF_ENUMVAL_EXISTS)
#define bpf_core_enum_value(enum_type, value) \
    __builtin_preserve_enum_value(*(__typeof__(enum_type) *)value, BPF_ENUMVAL_VALUE)

/* One read. */
#define bpf_core_read(dst, size, src) \
    bpf_probe_read_kernel(dst, size, (const void *)__builtin_preserve_access_index(src))
#define bpf_core_read_user(dst, size, src) \
    bpf_probe_read_user(dst, size, (const void *)__builtin_preserve_access_index(src))
#define bpf_core_read_str(dst, size, src) \
    bpf_probe_read_kernel_str(dst, size, (const void *)__builtin_preserve_access_index(src))
#define bpf_core_read_user_str(dst, size, src) \
    bpf_probe_read_user_str(dst, size, (const void *)__builtin_preserve_access_index(src))
extern void *bpf_rdonly_cast(const void *obj, unsigned int btf_id) __ksym __weak;
#define bpf_core_cast(ptr, type) \
    ((__typeof__(type) *)bpf_rdonly_cast((ptr), bpf_core_type_id_kernel(type)))

/* The value at `src->a->b->...`, and its type. */
#define ___bpf_path1(src, a) (src)->a
#define ___bpf_path2(src, a, b) (src)->a->b
#define ___bpf_path3(src, a, b, c) (src)->a->b->c
#define ___bpf_path4(src, a, b, c, d) (src)->a->b->c->d
#define ___bpf_path5(src, a, b, c, d, e) (src)->a->b->c->d->e
#define ___bpf_path6(src, a, b, c, d, e, f) (src)->a->b->c->d->e->f
#define ___bpf_path7(src, a, b, c, d, e, f, g) (src)->a->b->c->d->e->f->g
#define ___bpf_path8(src, a, b, c, d, e, f, g, h) (src)->a->b->c->d->e->f->g->h
#define ___bpf_path9(src, a, b, c, d, e, f, g, h, i) (src)->a->b->c->d->e->f->g->h->i
#define ___bpf_path(src, args...) ___bpf_apply(___bpf_path, ___bpf_narg(args))(src, args)

/* Follows every pointer with `step`, and reads the last member with `last`. */
#define ___bpf_walk1(last, step, dst, src, a) last((void *)(dst), sizeof(*(dst)), &(src)->a)
#define ___bpf_walk2(last, step, dst, src, a, b) \
    const void *___t; \
    step(&___t, sizeof(___t), &(src)->a); \
    last((void *)(dst), sizeof(*(dst)), &((__typeof__((src)->a))(___t))->b)
#define ___bpf_walk3(last, step, dst, src, a, b, c) \
    const void *___t; \
    step(&___t, sizeof(___t), &(src)->a); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a))(___t))->b); \
    last((void *)(dst), sizeof(*(dst)), &((__typeof__((src)->a->b))(___t))->c)
#define ___bpf_walk4(last, step, dst, src, a, b, c, d) \
    const void *___t; \
    step(&___t, sizeof(___t), &(src)->a); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a))(___t))->b); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a->b))(___t))->c); \
    last((void *)(dst), sizeof(*(dst)), &((__typeof__((src)->a->b->c))(___t))->d)
#define ___bpf_walk5(last, step, dst, src, a, b, c, d, e) \
    const void *___t; \
    step(&___t, sizeof(___t), &(src)->a); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a))(___t))->b); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a->b))(___t))->c); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a->b->c))(___t))->d); \
    last((void *)(dst), sizeof(*(dst)), &((__typeof__((src)->a->b->c->d))(___t))->e)
#define ___bpf_walk6(last, step, dst, src, a, b, c, d, e, f) \
    const void *___t; \
    step(&___t, sizeof(___t), &(src)->a); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a))(___t))->b); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a->b))(___t))->c); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a->b->c))(___t))->d); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a->b->c->d))(___t))->e); \
    last((void *)(dst), sizeof(*(dst)), &((__typeof__((src)->a->b->c->d->e))(___t))->f)
#define ___bpf_walk7(last, step, dst, src, a, b, c, d, e, f, g) \
    const void *___t; \
    step(&___t, sizeof(___t), &(src)->a); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a))(___t))->b); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a->b))(___t))->c); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a->b->c))(___t))->d); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a->b->c->d))(___t))->e); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a->b->c->d->e))(___t))->f); \
    last((void *)(dst), sizeof(*(dst)), &((__typeof__((src)->a->b->c->d->e->f))(___t))->g)
#define ___bpf_walk8(last, step, dst, src, a, b, c, d, e, f, g, h) \
    const void *___t; \
    step(&___t, sizeof(___t), &(src)->a); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a))(___t))->b); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a->b))(___t))->c); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a->b->c))(___t))->d); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a->b->c->d))(___t))->e); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a->b->c->d->e))(___t))->f); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a->b->c->d->e->f))(___t))->g); \
    last((void *)(dst), sizeof(*(dst)), &((__typeof__((src)->a->b->c->d->e->f->g))(___t))->h)
#define ___bpf_walk9(last, step, dst, src, a, b, c, d, e, f, g, h, i) \
    const void *___t; \
    step(&___t, sizeof(___t), &(src)->a); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a))(___t))->b); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a->b))(___t))->c); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a->b->c))(___t))->d); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a->b->c->d))(___t))->e); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a->b->c->d->e))(___t))->f); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a->b->c->d->e->f))(___t))->g); \
    step(&___t, sizeof(___t), &((__typeof__((src)->a->b->c->d->e->f->g))(___t))->h); \
    last((void *)(dst), sizeof(*(dst)), &((__typeof__((src)->a->b->c->d->e->f->g->h))(___t))->i)
#define ___bpf_walk(last, step, dst, src, args...) \
    ___bpf_apply(___bpf_walk, ___bpf_narg(args))(last, step, dst, src, args)

/* Reads without relocation. */
#define ___bpf_plain_read(dst, size, src) bpf_probe_read_kernel(dst, size, src)
#define ___bpf_plain_read_user(dst, size, src) bpf_probe_read_user(dst, size, src)
#define ___bpf_plain_read_str(dst, size, src) bpf_probe_read_kernel_str(dst, size, src)
#define ___bpf_plain_read_user_str(dst, size, src) bpf_probe_read_user_str(dst, size, src)

#define BPF_CORE_READ_INTO(dst, src, args...) ({ ___bpf_walk(bpf_core_read, bpf_core_read, dst, src, args); })
#define BPF_CORE_READ_USER_INTO(dst, src, args...) ({ ___bpf_walk(bpf_core_read_user, bpf_core_read_user, dst, src, args); })
#define BPF_CORE_READ_STR_INTO(dst, src, args...) ({ ___bpf_walk(bpf_core_read_str, bpf_core_read, dst, src, args); })
#define BPF_CORE_READ_USER_STR_INTO(dst, src, args...) ({ ___bpf_walk(bpf_core_read_user_str, bpf_core_read_user, dst, src, args); })
#define BPF_PROBE_READ_INTO(dst, src, args...) ({ ___bpf_walk(___bpf_plain_read, ___bpf_plain_read, dst, src, args); })
#define BPF_PROBE_READ_USER_INTO(dst, src, args...) ({ ___bpf_walk(___bpf_plain_read_user, ___bpf_plain_read_user, dst, src, args); })
#define BPF_PROBE_READ_STR_INTO(dst, src, args...) ({ ___bpf_walk(___bpf_plain_read_str, ___bpf_plain_read, dst, src, args); })
#define BPF_PROBE_READ_USER_STR_INTO(dst, src, args...) ({ ___bpf_walk(___bpf_plain_read_user_str, ___bpf_plain_read_user, dst, src, args); })

#define BPF_CORE_READ(src, args...) \
    ({ \
        __typeof__(___bpf_path(src, args)) ___r; \
        BPF_CORE_READ_INTO(&___r, src, args); \
        ___r; \
    })
#define BPF_CORE_READ_USER(src, args...) \
    ({ \
        __typeof__(___bpf_path(src, args)) ___r; \
        BPF_CORE_READ_USER_INTO(&___r, src, args); \
        ___r; \
    })
#define BPF_PROBE_READ(src, args...) \
    ({ \
        __typeof__(___bpf_path(src, args)) ___r; \
        BPF_PROBE_READ_INTO(&___r, src, args); \
        ___r; \
    })
#define BPF_PROBE_READ_USER(src, args...) \
    ({ \
        __typeof__(___bpf_path(src, args)) ___r; \
        BPF_PROBE_READ_USER_INTO(&___r, src, args); \
        ___r; \
    })

/* Bit-fields: load the bytes around the field, then shift twice. */
#define ___bpf_field_info(src, field, info) __builtin_preserve_field_info((src)->field, BPF_FIELD_##info)
#define ___bpf_bits(value, src, field) \
    ({ \
        unsigned long long ___v = (value); \
        ___v <<= ___bpf_field_info(src, field, LSHIFT_U64); \
        if (___bpf_field_info(src, field, SIGNED)) \
            ___v = ((long long)___v) >> ___bpf_field_info(src, field, RSHIFT_U64); \
        else \
            ___v = ___v >> ___bpf_field_info(src, field, RSHIFT_U64); \
        ___v; \
    })
#define BPF_CORE_READ_BITFIELD(src, field) \
    ({ \
        const void *___p = (const void *)(src) + ___bpf_field_info(src, field, BYTE_OFFSET); \
        unsigned long long ___raw = 0; \
        switch (___bpf_field_info(src, field, BYTE_SIZE)) { \
        case 1: ___raw = *(const unsigned char *)___p; break; \
        case 2: ___raw = *(const unsigned short *)___p; break; \
        case 4: ___raw = *(const unsigned int *)___p; break; \
        case 8: ___raw = *(const unsigned long long *)___p; break; \
        } \
        ___bpf_bits(___raw, src, field); \
    })
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ___bpf_bits_start(raw, size) ((void *)(raw))
#else
#define ___bpf_bits_start(raw, size) ((void *)(raw) + (8 - (size)))
#endif
#define BPF_CORE_WRITE_BITFIELD(dst, field, value) \
    ({ \
        void *___p = (void *)(dst) + ___bpf_field_info(dst, field, BYTE_OFFSET); \
        unsigned int ___size = ___bpf_field_info(dst, field, BYTE_SIZE); \
        unsigned int ___left = ___bpf_field_info(dst, field, LSHIFT_U64); \
        unsigned int ___right = ___bpf_field_info(dst, field, RSHIFT_U64); \
        unsigned long long ___mask = (~0ULL << ___right) >> ___left; \
        unsigned long long ___bits = ((unsigned long long)(value) << (___right - ___left)) & ___mask; \
        barrier_var(___p); \
        switch (___size) { \
        case 1: *(unsigned char *)___p = (*(unsigned char *)___p & ~___mask) | ___bits; break; \
        case 2: *(unsigned short *)___p = (*(unsigned short *)___p & ~___mask) | ___bits; break; \
        case 4: *(unsigned int *)___p = (*(unsigned int *)___p & ~___mask) | ___bits; break; \
        case 8: *(unsigned long long *)___p = (*(unsigned long long *)___p & ~___mask) | ___bits; break; \
        } \
    })
#define BPF_CORE_READ_BITFIELD_PROBED(src, field) \
    ({ \
        unsigned long long ___raw = 0; \
        unsigned int ___size = ___bpf_field_info(src, field, BYTE_SIZE); \
        bpf_probe_read_kernel(___bpf_bits_start(&___raw, ___size), ___size, \
                              (const void *)(src) + ___bpf_field_info(src, field, BYTE_OFFSET)); \
        ___bpf_bits(___raw, src, field); \
    })
