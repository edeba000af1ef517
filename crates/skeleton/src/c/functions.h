static inline int
NAME__create_skeleton(struct NAME *obj);

static inline const void *NAME__elf_bytes(size_t *sz);

static void
NAME__destroy(struct NAME *obj)
{
	if (!obj)
		return;
	if (obj->skeleton)
		bpf_object__destroy_skeleton(obj->skeleton);
	free(obj);
}

static inline struct NAME *
NAME__open_opts(const struct bpf_object_open_opts *opts)
{
	struct NAME *obj = (struct NAME *)calloc(1, sizeof(*obj));
	int err = obj ? NAME__create_skeleton(obj) : -ENOMEM;

	if (!err)
		err = bpf_object__open_skeleton(obj->skeleton, opts);
	if (err) {
		NAME__destroy(obj);
		errno = -err;
		return NULL;
	}
	SHADOWS
	return obj;
}

static inline struct NAME *
NAME__open(void)
{
	return NAME__open_opts(NULL);
}

static inline int
NAME__load(struct NAME *obj)
{
	return bpf_object__load_skeleton(obj->skeleton);
}

static inline struct NAME *
NAME__open_and_load(void)
{
	struct NAME *obj = NAME__open();
	int err = obj ? NAME__load(obj) : 0;

	if (err) {
		NAME__destroy(obj);
		errno = -err;
		return NULL;
	}
	return obj;
}

static inline int
NAME__attach(struct NAME *obj)
{
	return bpf_object__attach_skeleton(obj->skeleton);
}

static inline void
NAME__detach(struct NAME *obj)
{
	bpf_object__detach_skeleton(obj->skeleton);
}
