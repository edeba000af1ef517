// Compiles a program for a kernel, and prints what is wrong with it and what to do. No root, no kernel feature.
//
//   cc check.c $(pkg-config --cflags --libs bpfc) -o check && ./check FILE.c [KERNEL]
//
// Without arguments it checks a program with a mistake.

#include <bpfc.h>
#include <stdio.h>

static const char wrong[] =
	"#include <linux/bpf.h>\n"
	"#include <bpf/bpf_helpers.h>\n"
	"struct {\n"
	"	__uint(type, BPF_MAP_TYPE_HASH);\n"
	"	__uint(max_entries, 16);\n"
	"	__type(key, __u32);\n"
	"	__type(value, __u64);\n"
	"} hits SEC(\".maps\");\n"
	"SEC(\"xdp\") int count(struct xdp_md *ctx)\n"
	"{\n"
	"	__u32 key = 0;\n"
	"	__u64 *value = bpf_map_lookup_elem(&hits, &key);\n"
	"\n"
	"	(*value)++;\n"
	"	return XDP_PASS;\n"
	"}\n";

// Everything that bpfc knows about each mistake; `bpfc_error_text` has the same for people.
static void print(const struct bpfc_report *report)
{
	for (size_t i = 0; i < bpfc_report_count(report); i++) {
		const struct bpfc_diagnostic *d = bpfc_report_diagnostic(report, i);

		printf("%s:%u:%u: %s: %s\n", d->file ? d->file : "-", d->line, d->column, d->code, d->message);
		for (size_t j = 0; j < d->n_notes; j++)
			printf("  note: %s\n", bpfc_report_note(report, i, j)->text);
		for (size_t j = 0; j < d->n_helps; j++) {
			const struct bpfc_help *help = bpfc_report_help(report, i, j);

			printf("  help: %s\n", help->text);
			for (size_t k = 0; k < help->n_edits; k++) {
				const struct bpfc_edit *edit = bpfc_report_edit(report, i, j, k);

				printf("  replace bytes %zu to %zu by `%s`\n", edit->start, edit->end, edit->replacement);
			}
		}
	}
}

int main(int argc, char **argv)
{
	struct bpfc_error *error = NULL;
	struct bpfc_object *object = NULL;
	struct bpfc_report *warnings = NULL;
	struct bpfc_options *options = bpfc_options_new(&error);

	if (!options || bpfc_options_kernel(options, argc > 2 ? argv[2] : "6.1", &error))
		goto out;
	if (argc > 1)
		object = bpfc_compile_file(argv[1], options, &error);
	else
		object = bpfc_compile("wrong.c", wrong, BPFC_NUL_TERMINATED, options, &error);
	if (!object || bpfc_object_verify(object, &warnings, &error))
		goto out;
	print(warnings);
	puts("the kernel takes it");
out:
	if (error) {
		// Without a report, the call itself was wrong, or a file could not be read.
		if (bpfc_report_count(bpfc_error_report(error)) > 0)
			print(bpfc_error_report(error));
		else
			fprintf(stderr, "%s\n", bpfc_error_text(error));
	}
	int status = error ? 1 : 0;

	bpfc_error_free(error);
	bpfc_report_free(warnings);
	bpfc_object_free(object);
	bpfc_options_free(options);
	return status;
}
