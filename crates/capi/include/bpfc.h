// bpfc as a C library: from C to checked BPF programs, in a virtual machine or in the kernel.
// Written by `cargo xtask header` from the source of the library; not to be edited.
//
// Errors. Functions that return a pointer return NULL when they fail; those that return `int` return a negative
// `enum bpfc_status`. If `error` is not NULL, what is wrong is stored there, and belongs to the caller:
// `bpfc_error_free`. On success nothing is stored, so one `struct bpfc_error *error = NULL` serves for many calls; what was
// stored before is not given back.
// NULL in place of an object, a text or a function is an error (`BPFC_ERROR_ARGUMENT`), not a crash, and so are
// numbers that mean nothing. A failure inside of the library is an error as well (`BPFC_ERROR_BUG`).
// Functions without `error` cannot fail; of NULL they tell NULL, 0, or what their description says.
//
// Ownership. An object that is returned without `const` belongs to the caller, who gives it back with the
// function that ends in `_free`; these take NULL. Objects may be given back in any order: each keeps what it needs.
// Memory that is returned without `const` (texts, bytes) is given back with `bpfc_free`.
// What is `const` belongs to the object that was asked, and lives until that is given back, or as the function says.
// Structures behind `const` pointers may get members at their end; programs never make them.
//
// Texts are UTF-8 and end with NUL, where no size is beside them.
//
// Threads. Objects may move between threads, and different objects may be used at the same time. One object may be
// used by one thread at a time, except for `struct bpfc_map`, `bpfc_report` and `bpfc_error`, which threads may share.
//
// Callbacks may use the library, but not the object whose function calls them, and must return: no `longjmp`, and no
// exceptions of C++.
//
// Nothing is printed, and no signal handler is installed. Compiling needs a thread, which ends before the call does.

#ifndef BPFC_H
#define BPFC_H

#include <stddef.h>
#include <stdint.h>

// In place of a size: the text ends with NUL.
#define BPFC_NUL_TERMINATED ((size_t)-1)


// The version of the header. Releases with the same first number (with the same first two, while the first is 0) are compatible.
#define BPFC_VERSION_MAJOR 0

// The second number of the version.
#define BPFC_VERSION_MINOR 1

// The third number of the version.
#define BPFC_VERSION_PATCH 0

// What kind of failure it is; what a function that returns `int` returns.
enum bpfc_status {
    // It worked.
    BPFC_OK = 0,
    // The call was wrong: NULL, a number that means nothing, a size that does not fit.
    BPFC_ERROR_ARGUMENT = -1,
    // The library is wrong; please report it.
    BPFC_ERROR_BUG = -2,
    // A file cannot be read, or the system lacks something.
    BPFC_ERROR_SYSTEM = -3,
    // The source is wrong, or the object file cannot be read.
    BPFC_ERROR_COMPILE = -4,
    // There is no such variable, program or place, or it does not take the value.
    BPFC_ERROR_CONFIGURE = -5,
    // The kernel would reject a program.
    BPFC_ERROR_VERIFY = -6,
    // A run failed, in the virtual machine or in the kernel.
    BPFC_ERROR_RUN = -7,
    // The kernel did not load the object.
    BPFC_ERROR_LOAD = -8,
    // A program could not be attached or detached.
    BPFC_ERROR_ATTACH = -9,
    // A map, a variable or a source of events could not be used.
    BPFC_ERROR_USE = -10,
};

// How bad a diagnostic is.
enum bpfc_severity {
    // No mistake: what the compiler did.
    BPFC_REMARK = 0,
    // The program is built all the same.
    BPFC_WARNING = 1,
    // The program is not built.
    BPFC_ERROR = 2,
};

// The forms that diagnostics take as text.
enum bpfc_format {
    // Excerpts of the source for people.
    BPFC_FORMAT_HUMAN = 0,
    // The same with colours of a terminal.
    BPFC_FORMAT_COLOR = 1,
    // One line each, as compilers have always done.
    BPFC_FORMAT_SHORT = 2,
    // One JSON object a line.
    BPFC_FORMAT_JSON = 3,
    // One SARIF 2.1.0 document.
    BPFC_FORMAT_SARIF = 4,
};

// Dialects of C.
enum bpfc_dialect {
    // The source tells.
    BPFC_DIALECT_AUTO = 0,
    // C with the conventions of libbpf.
    BPFC_DIALECT_C = 1,
    // That of BCC.
    BPFC_DIALECT_BCC = 2,
};

// When an element is written.
enum bpfc_update {
    // In any case.
    BPFC_UPDATE_ANY = 0,
    // If the key is not there.
    BPFC_UPDATE_NEW = 1,
    // If the key is there.
    BPFC_UPDATE_EXISTING = 2,
};

// What became visible outside during a run.
enum bpfc_effect_kind {
    // A message of `bpf_printk`.
    BPFC_EFFECT_PRINTK = 0,
    // A record of a ring buffer or a sample of a perf event array.
    BPFC_EFFECT_EVENT = 1,
    // A redirection, a copy of the packet, a tail call or a signal; the data says it in words.
    BPFC_EFFECT_OTHER = 2,
};

// Why something failed.
struct bpfc_error;

// A reader of events.
struct bpfc_events;

// A program at its place, or at several.
struct bpfc_link;

// Maps and programs in the kernel, and what `bpfc_loaded_attach` attached.
struct bpfc_loaded;

// A virtual machine. Its maps keep their content from run to run.
struct bpfc_machine;

// A map: of the kernel, or of a virtual machine.
//
// Where elements have a value for each possible CPU, the values are one behind the other without gaps, `n_values` of them.
// Queues, stacks and bloom filters have no keys: there, a key is NULL with a size of 0, and as JSON it is `null`.
struct bpfc_map;

// An object in memory: programs, maps and variables, compiled or read from a file.
struct bpfc_object;

// How a source is compiled: made once, used for any number of sources.
struct bpfc_options;

// Diagnostics: those of an error, or warnings.
struct bpfc_report;

// What came of a run.
struct bpfc_run;

// A diagnostic.
struct bpfc_diagnostic {
    // One of `enum bpfc_severity`.
    int severity;
    // The kind of mistake, such as "E0703"; `bpfc explain` has a page about each.
    const char *code;
    // What is wrong, on one line.
    const char *message;
    // The file of the first place, or NULL if there is none.
    const char *file;
    // Its line, from 1; 0 without a place.
    uint32_t line;
    // Its column in characters, from 1; 0 without a place.
    uint32_t column;
    // The name behind `-W` of what controls it, or NULL.
    const char *flag;
    // Places in the source: the first is the mistake, if there is any; see `bpfc_report_span`.
    size_t n_spans;
    // What else matters; see `bpfc_report_note`.
    size_t n_notes;
    // What to do; see `bpfc_report_help`.
    size_t n_helps;
};

// A place in the source, as the user wrote it: for what macros produced, that is the outermost call.
struct bpfc_span {
    // The file.
    const char *file;
    // Line of the first character, from 1.
    uint32_t line;
    // Column of the first character, in characters, from 1.
    uint32_t column;
    // Line of the end.
    uint32_t end_line;
    // Column of the end, one past the last character.
    uint32_t end_column;
    // The first byte in the file, from 0.
    size_t start;
    // One past the last byte.
    size_t end;
    // What is there, in a few words; may be empty.
    const char *label;
};

// A sentence that adds to a diagnostic.
struct bpfc_note {
    // What.
    const char *text;
    // Where, or NULL.
    const struct bpfc_span *span;
};

// Advice.
struct bpfc_help {
    // What to do.
    const char *text;
    // The same as changes of the source, which belong together; 0 if there is only the text. See `bpfc_report_edit`.
    size_t n_edits;
};

// A change of the source: the bytes from `start` to `end` are replaced.
struct bpfc_edit {
    // The file.
    const char *file;
    // Line of the first character, from 1.
    uint32_t line;
    // Column of the first character, from 1.
    uint32_t column;
    // The first byte in the file, from 0.
    size_t start;
    // One past the last byte; equal to `start` to insert.
    size_t end;
    // What is put there.
    const char *replacement;
};

// Something that left a program.
struct bpfc_effect {
    // One of `enum bpfc_effect_kind`.
    int kind;
    // The map of an event, or NULL.
    const char *map;
    // The event or the text. A zero that is not counted follows it.
    const void *data;
    // Bytes of it.
    size_t size;
};

// Is given each element. Any result but 0 ends the call that gave it.
typedef int (*bpfc_element_fn)(void *user,
                               const void *key,
                               size_t key_size,
                               const void *value,
                               size_t value_size);

// An event, or how many were lost. It lives until the callback returns.
struct bpfc_event {
    // What the program sent. From perf event arrays, up to 7 bytes of padding may follow it. NULL if events were lost.
    const void *data;
    // Bytes of it.
    size_t size;
    // On which CPU, from perf event arrays; -1 from ring buffers.
    int cpu;
    // Events that were lost because nobody read fast enough; 0 with an event.
    uint64_t n_lost;
};

// Is given each event. Any result but 0 ends the call that gave it; further events stay where they are.
typedef int (*bpfc_event_fn)(void *user, const struct bpfc_event *event);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The version of the library as a text, such as "0.1.0". It lives for ever.
const char *bpfc_version(void);

// The version of the library as a number: `major << 16 | minor << 8 | patch`.
uint32_t bpfc_version_number(void);

// Gives back texts and bytes that the library returned without `const`. It takes NULL.
void bpfc_free(void *memory);

// What kind of failure it is: one of `enum bpfc_status`; `BPFC_OK` of NULL.
int bpfc_error_status(const struct bpfc_error *error);

// What is wrong, in words: all diagnostics as `bpfc` prints them, with excerpts of the source. NULL of NULL.
const char *bpfc_error_text(const struct bpfc_error *error);

// What the kernel answered, such as EPERM; 0 if it was not asked. It may be 524 (ENOTSUPP), which `errno.h` lacks.
int bpfc_error_errno(const struct bpfc_error *error);

// What is wrong, as data. It belongs to the error. It is empty where the call was wrong.
const struct bpfc_report *bpfc_error_report(const struct bpfc_error *error);

// Gives an error back.
void bpfc_error_free(struct bpfc_error *error);

// The number of diagnostics.
size_t bpfc_report_count(const struct bpfc_report *report);

// A diagnostic by its number, from 0, or NULL if there are not so many.
const struct bpfc_diagnostic *bpfc_report_diagnostic(const struct bpfc_report *report,
                                                     size_t diagnostic);

// A place of a diagnostic, or NULL if there are not so many. The first is the mistake.
const struct bpfc_span *bpfc_report_span(const struct bpfc_report *report,
                                         size_t diagnostic,
                                         size_t span);

// A note of a diagnostic, or NULL if there are not so many.
const struct bpfc_note *bpfc_report_note(const struct bpfc_report *report,
                                         size_t diagnostic,
                                         size_t note);

// Advice of a diagnostic, or NULL if there is not so much.
const struct bpfc_help *bpfc_report_help(const struct bpfc_report *report,
                                         size_t diagnostic,
                                         size_t help);

// A change that advice proposes, or NULL if there are not so many.
const struct bpfc_edit *bpfc_report_edit(const struct bpfc_report *report,
                                         size_t diagnostic,
                                         size_t help,
                                         size_t edit);

// All diagnostics as text, in one of `enum bpfc_format`. The text is given back with `bpfc_free`.
char *bpfc_report_render(const struct bpfc_report *report, int format, struct bpfc_error **error);

// Gives a report back that was returned without `const`.
void bpfc_report_free(struct bpfc_report *report);

// Options that are what `bpfc build` does without any.
struct bpfc_options *bpfc_options_new(struct bpfc_error **error);

// Gives options back. Objects that were compiled with them stay.
void bpfc_options_free(struct bpfc_options *options);

// As `-D`: `NAME` or `NAME=VALUE`.
int bpfc_options_define(struct bpfc_options *options,
                        const char *define,
                        struct bpfc_error **error);

// As `-I`: a folder where included files are looked for. It need not exist.
int bpfc_options_include_dir(struct bpfc_options *options,
                             const char *folder,
                             struct bpfc_error **error);

// As `-include`: a file that is read before the source.
int bpfc_options_include(struct bpfc_options *options, const char *file, struct bpfc_error **error);

// A header in memory: `#include` of this name reads this text. It is copied.
int bpfc_options_header(struct bpfc_options *options,
                        const char *name,
                        const char *content,
                        struct bpfc_error **error);

// The dialect: one of `enum bpfc_dialect`.
int bpfc_options_dialect(struct bpfc_options *options, int dialect, struct bpfc_error **error);

// As `-O`: "0", "2" (the default) or "s".
int bpfc_options_opt_level(struct bpfc_options *options,
                           const char *level,
                           struct bpfc_error **error);

// The instruction set: "v1" to "v4"; "v3" is the default.
int bpfc_options_cpu(struct bpfc_options *options, const char *cpu, struct bpfc_error **error);

// A kernel that programs are for, in place of the running one: "5.10", "6.1", "6.12", or "running". They are compiled with its
// types, and `bpfc_object_verify` asks what its verifier would say. It can be said several times; the types are then those of the
// newest. Of other releases, features are known and types are not. Loading takes the running kernel all the same.
int bpfc_options_kernel(struct bpfc_options *options,
                        const char *name,
                        struct bpfc_error **error);

// Takes the kernel's types from this file of BTF, in place of the running kernel's; for the relocations of loading, too.
int bpfc_options_btf(struct bpfc_options *options,
                     const char *file,
                     struct bpfc_error **error);

// Compiles a text of so many bytes (or `BPFC_NUL_TERMINATED`). `name` is for messages, and `#include "…"` looks beside it.
// `options` may be NULL.
struct bpfc_object *bpfc_compile(const char *name,
                                 const char *source,
                                 size_t size,
                                 const struct bpfc_options *options,
                                 struct bpfc_error **error);

// Compiles a file. `options` may be NULL.
struct bpfc_object *bpfc_compile_file(const char *file,
                                      const struct bpfc_options *options,
                                      struct bpfc_error **error);

// Takes the bytes of an ELF object, of bpfc or of clang; `name` is for messages. The bytes are copied.
struct bpfc_object *bpfc_object_open(const char *name,
                                     const void *data,
                                     size_t size,
                                     struct bpfc_error **error);

// Takes an ELF object from a file.
struct bpfc_object *bpfc_object_open_file(const char *file, struct bpfc_error **error);

// Gives an object back; what was loaded from it stays.
void bpfc_object_free(struct bpfc_object *object);

// The warnings of compiling; never NULL on success. The report is given back with `bpfc_report_free`.
struct bpfc_report *bpfc_object_report(const struct bpfc_object *object,
                                       struct bpfc_error **error);

// The number of programs.
size_t bpfc_object_n_programs(const struct bpfc_object *object);

// The name of a program by its number, from 0, or NULL if there are not so many.
const char *bpfc_object_program(const struct bpfc_object *object, size_t idx);

// The section of a program by its number, such as "xdp", or NULL if there are not so many.
const char *bpfc_object_section(const struct bpfc_object *object, size_t idx);

// The number of maps, without those of variables.
size_t bpfc_object_n_maps(const struct bpfc_object *object);

// The name of a map by its number, from 0, or NULL if there are not so many.
const char *bpfc_object_map(const struct bpfc_object *object, size_t idx);

// The object as an ELF file that other loaders take, with variables as they were set. The bytes are given back with `bpfc_free`.
void *bpfc_object_elf(const struct bpfc_object *object,
                      size_t *size,
                      struct bpfc_error **error);

// Gives a global variable, or a part of it, another first value: `NAME=VALUE`, `NAME.MEMBER=VALUE`, `NAME[2]=VALUE`. The value is
// JSON, or a word that stands for itself: the name of an enumerator, a text.
int bpfc_object_set(struct bpfc_object *object,
                    const char *assignment,
                    struct bpfc_error **error);

// Attaches a program where `spec` says, such as "xdp:eth0" or "kprobe:do_unlinkat", in place of where its section says; it is
// loaded for that place. It can be said several times, before the object is loaded.
int bpfc_object_attach_to(struct bpfc_object *object,
                          const char *program,
                          const char *spec,
                          struct bpfc_error **error);

// Loads this program, and others that this is said of, and no further ones.
int bpfc_object_select(struct bpfc_object *object, const char *program, struct bpfc_error **error);

// Where maps are that are pinned by name, in place of `/sys/fs/bpf`.
int bpfc_object_pin_folder(struct bpfc_object *object,
                           const char *folder,
                           struct bpfc_error **error);

// Says what the kernel's verifier would reject: of the running kernel, or of those of `bpfc_options_kernel`. The mistakes are
// in the error. If `warnings` is not NULL, further warnings are stored there on success, to be given back with `bpfc_report_free`.
int bpfc_object_verify(const struct bpfc_object *object,
                       struct bpfc_report **warnings,
                       struct bpfc_error **error);

// Loads maps and programs into the kernel, whose verifier judges them. The object stays, and can be loaded again.
struct bpfc_loaded *bpfc_object_load(const struct bpfc_object *object,
                                     struct bpfc_error **error);

// A virtual machine with the maps and programs of the object, and its variables as they are now; it needs no rights. Each
// call makes another one.
struct bpfc_machine *bpfc_object_machine(const struct bpfc_object *object,
                                         struct bpfc_error **error);

// Runs a program on a packet, from its Ethernet header on, and a context as the program sees it; either may be NULL with a size of 0,
// then it is an empty frame and zeros. What came of it is given back with `bpfc_run_free`.
struct bpfc_run *bpfc_machine_run(struct bpfc_machine *machine,
                                  const char *program,
                                  const void *packet,
                                  size_t packet_size,
                                  const void *context,
                                  size_t context_size,
                                  struct bpfc_error **error);

// A map of the machine by its name. It is given back with `bpfc_map_free`, and keeps the machine.
struct bpfc_map *bpfc_machine_map(const struct bpfc_machine *machine,
                                  const char *name,
                                  struct bpfc_error **error);

// The value of a global variable now, or of a part of it, as JSON, which is given back with `bpfc_free`.
char *bpfc_machine_variable(const struct bpfc_machine *machine,
                            const char *place,
                            struct bpfc_error **error);

// Gives a machine back. Maps of it stay until they are given back.
void bpfc_machine_free(struct bpfc_machine *machine);

// What the program returned.
uint64_t bpfc_run_result(const struct bpfc_run *run);

// Mean time of a run in the kernel; 0 in the virtual machine.
uint32_t bpfc_run_duration_ns(const struct bpfc_run *run);

// Instructions that the virtual machine executed; 0 in the kernel.
uint64_t bpfc_run_n_insns(const struct bpfc_run *run);

// The packet afterwards, which belongs to the run.
const void *bpfc_run_packet(const struct bpfc_run *run, size_t *size);

// The context afterwards, which belongs to the run.
const void *bpfc_run_context(const struct bpfc_run *run, size_t *size);

// The number of effects; in the kernel, they are where they belong, and there are none here.
size_t bpfc_run_n_effects(const struct bpfc_run *run);

// An effect by its number, from 0, or NULL if there are not so many.
const struct bpfc_effect *bpfc_run_effect(const struct bpfc_run *run, size_t idx);

// Gives back what came of a run.
void bpfc_run_free(struct bpfc_run *run);

// Detaches what `bpfc_loaded_attach` attached, and gives maps and programs back. Links, maps and events that were taken from it
// stay until they are given back, and what is pinned stays.
void bpfc_loaded_free(struct bpfc_loaded *loaded);

// Attaches every program where it was told to or where its section says; what can only be called by other programs or run by hand
// is left. If it fails, nothing stays attached by this call. They are detached by `bpfc_loaded_detach`, `bpfc_loaded_free` and the
// end of the process.
int bpfc_loaded_attach(struct bpfc_loaded *loaded,
                       struct bpfc_error **error);

// Attaches one program where `spec` says ("xdp:eth0", "kprobe:tcp_*", …; see `docs/attaching.md`), or where its section says if
// `spec` is NULL.
struct bpfc_link *bpfc_loaded_attach_program(const struct bpfc_loaded *loaded,
                                             const char *program,
                                             const char *spec,
                                             struct bpfc_error **error);

// Detaches what `bpfc_loaded_attach` attached. Maps can still be read, and programs attached again.
int bpfc_loaded_detach(struct bpfc_loaded *loaded, struct bpfc_error **error);

// A map by its name. It is given back with `bpfc_map_free`, and may outlive `loaded`.
struct bpfc_map *bpfc_loaded_map(const struct bpfc_loaded *loaded,
                                 const char *name,
                                 struct bpfc_error **error);

// A reader of the events of a ring buffer or a perf event array. There should be one for each map. It is given back with
// `bpfc_events_free`, and may outlive `loaded`.
struct bpfc_events *bpfc_loaded_events(const struct bpfc_loaded *loaded,
                                       const char *map,
                                       struct bpfc_error **error);

// The file descriptor of a program, which lives as long as `loaded`; a negative status on failure.
int bpfc_loaded_program_fd(const struct bpfc_loaded *loaded,
                           const char *program,
                           struct bpfc_error **error);

// Gives a program a name in a mounted bpffs, under which it outlives the process.
int bpfc_loaded_pin_program(const struct bpfc_loaded *loaded,
                            const char *program,
                            const char *file,
                            struct bpfc_error **error);

// Pins all maps and programs, and what `bpfc_loaded_attach` attached, below a folder of a mounted bpffs, which is made if need be:
// `maps/NAME`, `programs/NAME`, `links/PROGRAM`. They stay when the process ends. If it fails, nothing is pinned.
int bpfc_loaded_pin(struct bpfc_loaded *loaded,
                    const char *folder,
                    struct bpfc_error **error);

// The value of a global variable now, or of a part of it (`NAME`, `NAME.MEMBER`, `NAME[2]`), as JSON, which is given back with
// `bpfc_free`.
char *bpfc_loaded_variable(const struct bpfc_loaded *loaded,
                           const char *place,
                           struct bpfc_error **error);

// Sets a global variable that is not constant, or a part of it, as `bpfc_object_set` does. Programs may change other variables at
// the same moment; before Linux 5.5, what they change in the same section may be lost.
int bpfc_loaded_set(const struct bpfc_loaded *loaded,
                    const char *assignment,
                    struct bpfc_error **error);

// Runs a program in the kernel `repeat` times (0 counts as 1) on a packet and a context, either of which may be NULL with a size of
// 0. Programs that take packets want at least 14 bytes of one. What came of it is given back with `bpfc_run_free`.
struct bpfc_run *bpfc_loaded_test_run(const struct bpfc_loaded *loaded,
                                      const char *program,
                                      const void *packet,
                                      size_t packet_size,
                                      const void *context,
                                      size_t context_size,
                                      uint32_t repeat,
                                      struct bpfc_error **error);

// Where it is attached, with names resolved, such as "kprobe:__x64_sys_clone"; several are separated by a blank.
const char *bpfc_link_spec(const struct bpfc_link *link);

// At how many places: functions that a pattern names, CPUs that are sampled.
size_t bpfc_link_n_places(const struct bpfc_link *link);

// Gives it a name in a mounted bpffs, under which the program stays attached when the process ends.
int bpfc_link_pin(struct bpfc_link *link, const char *file, struct bpfc_error **error);

// Runs an iterator once: what it writes, with a zero behind it, which is given back with `bpfc_free`.
void *bpfc_link_iterate(const struct bpfc_link *link,
                        size_t *size,
                        struct bpfc_error **error);

// Detaches, and says if that failed. The link still has to be given back.
int bpfc_link_detach(struct bpfc_link *link, struct bpfc_error **error);

// Detaches, if that has not been done, and gives the link back. What is pinned stays attached.
void bpfc_link_free(struct bpfc_link *link);

// Opens a map that is pinned in a bpffs, whoever made it.
struct bpfc_map *bpfc_map_open(const char *file, struct bpfc_error **error);

// Gives a map back; it stays as long as something else uses it.
void bpfc_map_free(struct bpfc_map *map);

// Its name in the object; NULL of NULL.
const char *bpfc_map_name(const struct bpfc_map *map);

// Its type, one of the kernel's `enum bpf_map_type`.
uint32_t bpfc_map_type(const struct bpfc_map *map);

// Bytes of a key.
size_t bpfc_map_key_size(const struct bpfc_map *map);

// Bytes of a value, of one CPU.
size_t bpfc_map_value_size(const struct bpfc_map *map);

// Values of an element: the number of possible CPUs of a per-CPU map, otherwise 1.
size_t bpfc_map_n_values(const struct bpfc_map *map);

// How many elements it has room for; bytes of a ring buffer.
uint32_t bpfc_map_max_entries(const struct bpfc_map *map);

// Its file descriptor, which belongs to it; -1 of NULL and in a virtual machine.
int bpfc_map_fd(const struct bpfc_map *map);

// Reads the value of a key: 1, or 0 if there is no such key, or a negative status. There must be room for `value_size` times
// `n_values` bytes.
int bpfc_map_lookup(const struct bpfc_map *map,
                    const void *key,
                    size_t key_size,
                    void *value,
                    size_t value_size,
                    struct bpfc_error **error);

// Sets the value of a key; `when` is one of `enum bpfc_update`. `value` is one value, which all CPUs get, or `n_values` of them.
int bpfc_map_update(const struct bpfc_map *map,
                    const void *key,
                    size_t key_size,
                    const void *value,
                    size_t value_size,
                    int when,
                    struct bpfc_error **error);

// Deletes a key: 1, or 0 if there is no such key, or a negative status.
int bpfc_map_delete(const struct bpfc_map *map,
                    const void *key,
                    size_t key_size,
                    struct bpfc_error **error);

// Writes the key after `previous` to `next`, or the first if `previous` is NULL: 1, or 0 behind the last, or a negative status. Both
// have `key_size` bytes. If `previous` was deleted meanwhile, the walk starts over.
int bpfc_map_next_key(const struct bpfc_map *map,
                      const void *previous,
                      void *next,
                      size_t key_size,
                      struct bpfc_error **error);

// Hands every element to `take`, with the values of all CPUs: how many, or a negative status. They are read in batches where the
// kernel can, before the first is handed out; so `take` may change the map.
int bpfc_map_each(const struct bpfc_map *map,
                  bpfc_element_fn take,
                  void *user,
                  struct bpfc_error **error);

// Sets many elements, by few system calls where the kernel can. `keys` are `n` keys one behind the other, `values` as many values, each
// `n_values` times `value_size` bytes. If it fails, the elements before the one that fails are set.
int bpfc_map_update_batch(const struct bpfc_map *map,
                          const void *keys,
                          const void *values,
                          size_t n,
                          int when,
                          struct bpfc_error **error);

// Deletes many keys, by few system calls where the kernel can: how many were there, or a negative status. `keys` are `n` keys one
// behind the other.
int bpfc_map_delete_batch(const struct bpfc_map *map,
                          const void *keys,
                          size_t n,
                          struct bpfc_error **error);

// The value of a key, both as JSON by the types of the program: numbers, texts, enumerators by name, structs as objects; of a per-CPU
// map an array with a value for each CPU. 1, or 0 if there is no such key, or a negative status. The value is given back with
// `bpfc_free`; it is NULL if there is none.
int bpfc_map_get_json(const struct bpfc_map *map,
                      const char *key,
                      char **value,
                      struct bpfc_error **error);

// Sets the value of a key, both as JSON. Members of a struct that are not mentioned stay as they are, or become zero. `when` is one of
// `enum bpfc_update`.
int bpfc_map_set_json(const struct bpfc_map *map,
                      const char *key,
                      const char *value,
                      int when,
                      struct bpfc_error **error);

// Deletes a key that is JSON: 1, or 0 if there is no such key, or a negative status.
int bpfc_map_delete_json(const struct bpfc_map *map, const char *key, struct bpfc_error **error);

// All elements as JSON: an array of objects with `key` and `value`. It is given back with `bpfc_free`.
char *bpfc_map_dump_json(const struct bpfc_map *map,
                         struct bpfc_error **error);

// Takes the next value out of a queue or a stack of the kernel: 1, or 0 if it is empty, or a negative status. Values are put in with
// `bpfc_map_update` and a key that is NULL.
int bpfc_map_pop(const struct bpfc_map *map,
                 void *value,
                 size_t value_size,
                 struct bpfc_error **error);

// Forbids changes of a map of the kernel from user space, for good.
int bpfc_map_freeze(const struct bpfc_map *map, struct bpfc_error **error);

// Gives a map of the kernel a name in a mounted bpffs, under which it outlives the process.
int bpfc_map_pin(const struct bpfc_map *map, const char *file, struct bpfc_error **error);

// Hands out the events that are there, and if there are none, waits for some: at most for so many milliseconds (0: not at all;
// negative: for ever), or until a signal comes. How many were handed out, or a negative status.
int bpfc_events_poll(struct bpfc_events *events,
                     int timeout_ms,
                     bpfc_event_fn take,
                     void *user,
                     struct bpfc_error **error);

// A file descriptor that is readable when there are events, for `poll` and its like; then `bpfc_events_poll` with a time of 0
// hands them out. It belongs to `events`. -1 of NULL.
int bpfc_events_fd(const struct bpfc_events *events);

// How many events were lost so far, as far as the buffer says so.
uint64_t bpfc_events_n_lost(const struct bpfc_events *events);

// An event as a JSON object, by the type that the compiler saw in the program: a member for each column, or `event`. It is given
// back with `bpfc_free`. It may be called in the callback.
char *bpfc_events_json(const struct bpfc_events *events,
                       const void *data,
                       size_t size,
                       struct bpfc_error **error);

// Gives a reader back. Events that are still there are lost.
void bpfc_events_free(struct bpfc_events *events);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* BPFC_H */
