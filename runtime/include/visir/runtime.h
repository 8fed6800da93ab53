/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Visir's runtime: opens artifacts made by `visir compile` and runs them.
 *
 *   visir_context_t   threads, allocator, log      shared by all below
 *   visir_module_t    one opened artifact          verified, immutable
 *   visir_session_t   memory to run a module in    arena and states
 *
 * Every call that can fail returns a visir_status_t by value; its code is
 * VISIR_OK (0) or says what kind of failure, its message says which. Objects
 * keep what they need alive: a context may be released before its modules,
 * a module before its sessions. All *_release functions accept NULL.
 *
 * Strings and arrays that a query returns belong to the object queried and
 * live as long as it.
 */
#ifndef VISIR_RUNTIME_H
#define VISIR_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define VISIR_API __attribute__((visibility("default")))
#define VISIR_MUST_USE __attribute__((warn_unused_result))
#else
#define VISIR_API
#define VISIR_MUST_USE
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define VISIR_RUNTIME_VERSION_MAJOR 0
#define VISIR_RUNTIME_VERSION_MINOR 1
#define VISIR_RUNTIME_VERSION_PATCH 0

/* "0.1.0" */
VISIR_API const char *visir_runtime_version(void);

/* ---- Status ---------------------------------------------------------- */

typedef enum visir_status_code_t {
  VISIR_OK = 0,
  VISIR_INVALID_ARGUMENT = 1, /* a caller's value does not fit */
  VISIR_NOT_FOUND = 2,        /* no such file, entry, state */
  VISIR_IO = 3,               /* the operating system refused */
  VISIR_OUT_OF_MEMORY = 4,    /* or above the context's memory limit */
  VISIR_MALFORMED = 5,        /* the artifact breaks a rule of its format */
  VISIR_DIGEST_MISMATCH = 6,  /* the artifact's bytes changed since made */
  VISIR_UNSUPPORTED = 7,      /* too new, or not for this machine */
  VISIR_KERNEL_FAILED = 8,    /* a kernel met an index out of range */
  VISIR_CANCELLED = 9,
  VISIR_BUSY = 10,       /* the session is running already */
  VISIR_DEVICE_LOST = 11, /* the device failed; open the module anew */
  VISIR_SELF_TEST_FAILED = 12 /* the device computes wrong results */
} visir_status_code_t;

typedef struct visir_status_t {
  int32_t code;      /* visir_status_code_t */
  char message[252]; /* empty when ok */
} visir_status_t;

/* ---- Context: thread-safe -------------------------------------------- */

typedef struct visir_context_t visir_context_t;

/* Memory of the caller. allocate returns NULL when it has none; alignment is
 * a power of two. Called only while objects are made and released, from the
 * thread that does so. */
typedef struct visir_allocator_t {
  void *(*allocate)(void *user, size_t bytes, size_t alignment);
  void (*release)(void *user, void *memory, size_t bytes, size_t alignment);
  void *user;
} visir_allocator_t;

typedef enum visir_log_level_t {
  VISIR_LOG_INFO = 0,
  VISIR_LOG_WARNING = 1
} visir_log_level_t;

/* Called from the thread that uses the runtime; text is one line. */
typedef struct visir_logger_t {
  void (*write)(void *user, int level, const char *text);
  void *user;
} visir_logger_t;

/* Threads of the caller. parallel_for calls task(argument, i) once for each i
 * in [0, count), in any order, on any threads, and returns when all have
 * returned. No two calls need to be concurrent. */
typedef struct visir_thread_pool_t {
  void (*parallel_for)(void *user, uint32_t count,
                       void (*task)(void *argument, uint32_t index),
                       void *argument);
  void *user;
  uint32_t thread_count; /* threads that it has, at least 1 */
} visir_thread_pool_t;

typedef struct visir_context_options_t {
  size_t struct_bytes; /* sizeof(visir_context_options_t) */
  /* Threads of a run, the calling one included; 0: one for each processor
   * that the process may use. Results do not depend on it. */
  uint32_t thread_count;
  /* Bytes that one session may take; 0: the machine's memory. */
  uint64_t memory_limit;
  const visir_allocator_t *allocator;     /* NULL: the C library's heap */
  const visir_logger_t *logger;           /* NULL: silence */
  const visir_thread_pool_t *thread_pool; /* NULL: own threads */
} visir_context_options_t;

/* options may be NULL. Own threads start here; they sleep while no session
 * runs. Runs of different sessions of one context take turns with them. */
VISIR_API VISIR_MUST_USE visir_status_t visir_context_create(
    const visir_context_options_t *options, visir_context_t **out_context);
VISIR_API void visir_context_release(visir_context_t *context);
VISIR_API uint32_t visir_context_thread_count(const visir_context_t *context);

/* ---- Devices: thread-safe --------------------------------------------- */

typedef struct visir_device_info_t {
  char name[32];         /* as visir_module_options_t takes it: "vulkan:0" */
  char description[160]; /* what it is, or why it is not there */
  uint32_t present;      /* 0 or 1 */
} visir_device_info_t;

/* Describes up to `capacity` devices that this build has drivers for; kinds
 * of which the machine has none are listed as not present. Returns how many
 * there are. */
VISIR_API uint32_t visir_list_devices(visir_device_info_t *out_devices,
                                      uint32_t capacity);

/* ---- Module: thread-safe --------------------------------------------- */

typedef struct visir_module_t visir_module_t;

typedef enum visir_module_flags_t {
  /* Also check the digests of all constants, not only of the code. */
  VISIR_MODULE_VERIFY_FULL = 1,
  /* Copy the CPU's code to fresh pages: for file systems mounted without
   * execution, and for debuggers. */
  VISIR_MODULE_COPY_CODE = 2,
  /* Copy the constants to memory, on huge pages where they are many. */
  VISIR_MODULE_COPY_CONSTANTS = 4,
  /* Open for queries only: nothing is loaded, any target will do. */
  VISIR_MODULE_INSPECT = 8,
  /* Run the device's self test even if it has passed before. */
  VISIR_MODULE_SELF_TEST = 16,
  /* Run none. */
  VISIR_MODULE_NO_SELF_TEST = 32
} visir_module_flags_t;

typedef struct visir_module_options_t {
  size_t struct_bytes; /* sizeof(visir_module_options_t) */
  uint32_t flags;      /* visir_module_flags_t */
  /* Use the program for this target ("x86-64-v3"); NULL: the best one that
   * this machine can run. */
  const char *target;
  /* Use this device: "cpu", "cuda" or "vulkan" (the best of its kind), "cuda:1"
   * (by its number), "cuda:h100" (by a part of its name), "vulkan:discrete",
   * "vulkan:integrated" or "vulkan:cpu" (by its type); NULL: the best one that
   * a program of the artifact runs on. */
  const char *device;
} visir_module_options_t;

/* Opens, verifies and maps an artifact. The file must not change while the
 * module lives. options may be NULL.
 *
 * A Vulkan device that opens an artifact for the first time runs each kernel
 * once and compares with results that the artifact carries. Where they differ
 * the program is refused there. If another one runs on a device that options
 * allow, it is used, and visir_module_device and the log say why; else the call
 * fails with VISIR_SELF_TEST_FAILED and the reason. */
VISIR_API VISIR_MUST_USE visir_status_t visir_module_open_file(
    visir_context_t *context, const char *path,
    const visir_module_options_t *options, visir_module_t **out_module);
/* The same for an artifact in memory, which must stay unchanged while the
 * module lives. Constants are used in place when data is aligned to 64
 * bytes; the code is always copied. */
VISIR_API VISIR_MUST_USE visir_status_t visir_module_open_memory(
    visir_context_t *context, const void *data, size_t bytes,
    const visir_module_options_t *options, visir_module_t **out_module);
VISIR_API void visir_module_release(visir_module_t *module);

typedef struct visir_module_info_t {
  const char *producer;
  const char *options; /* that made the artifact; may be "" */
  const char *target;  /* of the program in use */
  uint32_t schema_version;
  uint32_t program_count; /* targets in the artifact */
  uint32_t entry_count;
  uint32_t function_count; /* of the program in use, as all below */
  uint32_t state_count;
  uint64_t manifest_bytes;
  uint64_t code_bytes;
  uint64_t constant_bytes;
} visir_module_info_t;

VISIR_API void visir_module_info(const visir_module_t *module,
                                 visir_module_info_t *out_info);
/* Where the module runs, for people: "cpu", "vulkan: <name of the device>";
 * "" when it is open for queries only. */
VISIR_API const char *visir_module_device(const visir_module_t *module);

typedef uint32_t visir_dtype_t; /* one of these */
enum {
  VISIR_DTYPE_INVALID = 0,
  VISIR_F32 = 1,
  VISIR_F64 = 2,
  VISIR_F16 = 3,
  VISIR_BF16 = 4,
  VISIR_I8 = 5,
  VISIR_U8 = 6,
  VISIR_I16 = 7,
  VISIR_U16 = 8,
  VISIR_I32 = 9,
  VISIR_U32 = 10,
  VISIR_I64 = 11,
  VISIR_U64 = 12,
  VISIR_BOOL = 13 /* one byte, 0 or 1 */
};

/* Bytes of an element; 0 for an invalid dtype. */
VISIR_API uint32_t visir_dtype_bytes(visir_dtype_t dtype);
/* "f32"; "invalid" for an invalid dtype. */
VISIR_API const char *visir_dtype_name(visir_dtype_t dtype);

#define VISIR_MAX_RANK 8

typedef struct visir_entry_info_t {
  const char *name;
  uint32_t input_count;
  uint32_t output_count;
  uint32_t command_count;
  uint64_t arena_bytes;
  double flops; /* of one run */
} visir_entry_info_t;

typedef struct visir_tensor_info_t {
  const char *name;
  visir_dtype_t dtype;
  uint32_t rank;
  int64_t dims[VISIR_MAX_RANK];            /* the largest, where symbolic */
  const char *dim_symbols[VISIR_MAX_RANK]; /* NULL where constant */
  uint64_t bytes;
} visir_tensor_info_t;

typedef struct visir_state_info_t {
  const char *name;
  uint64_t bytes;
  /* The symbol that its length is in an entry that reads it, "" without. */
  const char *symbol;
  uint64_t max_length; /* 0 without */
} visir_state_info_t;

/* Entries are numbered 0 .. entry_count-1. name NULL finds entry 0. */
VISIR_API VISIR_MUST_USE visir_status_t visir_module_find_entry(
    const visir_module_t *module, const char *name, uint32_t *out_entry);
VISIR_API VISIR_MUST_USE visir_status_t visir_module_entry_info(
    const visir_module_t *module, uint32_t entry, visir_entry_info_t *out_info);
VISIR_API VISIR_MUST_USE visir_status_t
visir_module_input_info(const visir_module_t *module, uint32_t entry,
                        uint32_t input, visir_tensor_info_t *out_info);
VISIR_API VISIR_MUST_USE visir_status_t
visir_module_output_info(const visir_module_t *module, uint32_t entry,
                         uint32_t output, visir_tensor_info_t *out_info);

/* States are numbered 0 .. state_count-1. */
VISIR_API VISIR_MUST_USE visir_status_t
visir_module_state_info(const visir_module_t *module, uint32_t state,
                        visir_state_info_t *out_info);

/* How a picture becomes an input; tools act on it, the runtime does not.
 * value = (pixel * scale - mean[c]) / std[c], pixel in 0..255. */
typedef struct visir_preprocess_info_t {
  uint32_t input;
  uint32_t resize_filter;  /* 0 none, 1 nearest, 2 bilinear, 3 bicubic */
  uint32_t antialias;      /* 0 or 1 */
  uint32_t resize_shorter; /* pixels; 0: resize to the crop at once */
  uint32_t crop_height, crop_width;
  uint32_t channels;      /* 1 or 3 */
  uint32_t bgr;           /* 0 or 1 */
  uint32_t channels_last; /* 0 or 1 */
  float scale, mean[3], std[3];
} visir_preprocess_info_t;

/* VISIR_NOT_FOUND when the entry has none for the input. */
VISIR_API VISIR_MUST_USE visir_status_t
visir_module_preprocess_info(const visir_module_t *module, uint32_t entry,
                             uint32_t input, visir_preprocess_info_t *out_info);

typedef enum visir_command_kind_t {
  VISIR_COMMAND_DISPATCH = 1,
  VISIR_COMMAND_COPY = 2,
  VISIR_COMMAND_FILL = 3
} visir_command_kind_t;

typedef struct visir_command_info_t {
  visir_command_kind_t kind;
  const char *function; /* "copy" and "fill" for those */
  const char *config;   /* kernel configuration, or "" */
  uint32_t tile_count;  /* 0 for copy and fill */
  uint32_t parallel;    /* 0 or 1 */
  double flops;
  uint64_t bytes; /* read and written, by the bindings' sizes */
  uint32_t source_count;
} visir_command_info_t;

VISIR_API VISIR_MUST_USE visir_status_t
visir_module_command_info(const visir_module_t *module, uint32_t entry,
                          uint32_t command, visir_command_info_t *out_info);
/* Name of an ONNX node that the command computes; NULL beyond the last. */
VISIR_API const char *visir_module_command_source(const visir_module_t *module,
                                                  uint32_t entry,
                                                  uint32_t command,
                                                  uint32_t source);

typedef enum visir_memory_kind_t {
  VISIR_MEMORY_INPUT = 1,
  VISIR_MEMORY_OUTPUT = 2,
  VISIR_MEMORY_ARENA = 3,
  VISIR_MEMORY_CONSTANT = 4,
  VISIR_MEMORY_STATE = 5
} visir_memory_kind_t;

/* What a command reads or writes: a byte range of the input, output, constant
 * or state `index`, or of the arena. */
typedef struct visir_binding_info_t {
  visir_memory_kind_t kind;
  uint32_t index;
  uint64_t offset, bytes;
  uint32_t is_read, is_written; /* 0 or 1 */
} visir_binding_info_t;

/* VISIR_NOT_FOUND beyond the last binding. */
VISIR_API VISIR_MUST_USE visir_status_t visir_module_command_binding(
    const visir_module_t *module, uint32_t entry, uint32_t command,
    uint32_t binding, visir_binding_info_t *out_info);

typedef struct visir_constant_info_t {
  const char *name; /* may be "" */
  uint64_t bytes;
} visir_constant_info_t;

/* VISIR_NOT_FOUND beyond the last constant. */
VISIR_API VISIR_MUST_USE visir_status_t
visir_module_constant_info(const visir_module_t *module, uint32_t constant,
                           visir_constant_info_t *out_info);

/* Checks the digest of every section of every target. */
VISIR_API VISIR_MUST_USE visir_status_t
visir_module_verify_digests(const visir_module_t *module);

/* ---- Session: one thread at a time, except visir_session_cancel ------ */

typedef struct visir_session_t visir_session_t;

typedef struct visir_session_options_t {
  size_t struct_bytes; /* sizeof(visir_session_options_t) */
  /* Measure every command of every run; costs a barrier per command. */
  uint32_t profile;
} visir_session_options_t;

/* Takes all memory that runs will need. options may be NULL. */
VISIR_API VISIR_MUST_USE visir_status_t visir_session_create(
    visir_module_t *module, const visir_session_options_t *options,
    visir_session_t **out_session);
VISIR_API void visir_session_release(visir_session_t *session);

/* A tensor of the caller. Dense and row-major when strides is NULL. Data at
 * a multiple of 64 bytes and dense is used in place, other data is copied. */
typedef struct visir_tensor_t {
  void *data; /* not written when it is an input */
  visir_dtype_t dtype;
  uint32_t rank;
  const int64_t *dims;
  const int64_t *strides; /* in elements, or NULL */
} visir_tensor_t;

/* Runs an entry and returns when the outputs are written. An output shares
 * no byte with an input or another output. After a failure the outputs and
 * the states hold anything. */
VISIR_API VISIR_MUST_USE visir_status_t visir_run(
    visir_session_t *session, uint32_t entry, const visir_tensor_t *inputs,
    uint32_t input_count, const visir_tensor_t *outputs, uint32_t output_count);

/* Starts a run on tensors that lie in the memory of the session's device, and
 * does not wait for its end. Only devices of kind "cuda" do this. stream is a
 * CUstream of the device's primary context, NULL for the default stream: the
 * run begins when what is in it is done, and when the session's runs before it
 * are. All data is dense and aligned to 64 bytes. Outputs hold their values
 * when the stream gets so far; visir_session_wait tells whether a kernel
 * failed. Other calls that run, read or release the session wait themselves,
 * but states may be touched only after visir_session_wait. */
VISIR_API VISIR_MUST_USE visir_status_t visir_session_enqueue(
    visir_session_t *session, uint32_t entry, const visir_tensor_t *inputs,
    uint32_t input_count, const visir_tensor_t *outputs, uint32_t output_count,
    void *stream);
/* Returns when all runs that were started are done, with the first failure of
 * a kernel since the last wait or run. */
VISIR_API VISIR_MUST_USE visir_status_t
visir_session_wait(visir_session_t *session);

/* The dims that an output of a run with these inputs has: out_dims takes one
 * for each dimension, at most VISIR_MAX_RANK. Of the inputs only the dims are
 * looked at. Sizes that depend on a state's length hold until the next run. */
VISIR_API VISIR_MUST_USE visir_status_t visir_session_output_dims(
    visir_session_t *session, uint32_t entry, const visir_tensor_t *inputs,
    uint32_t input_count, uint32_t output, int64_t *out_dims);

/* Makes a run that is under way return VISIR_CANCELLED soon (on devices other
 * than the CPU, when the device is done); without one it does nothing. From
 * any thread. */
VISIR_API void visir_session_cancel(visir_session_t *session);

/* Touches all memory of the session and all constants, so that the first run
 * is as fast as the next. */
VISIR_API void visir_session_warmup(visir_session_t *session);

/* Sets all states to their initial bytes, and their lengths to 0. */
VISIR_API void visir_session_reset(visir_session_t *session);

/* Memory of a state, to read or write between runs. */
VISIR_API VISIR_MUST_USE visir_status_t
visir_session_state(visir_session_t *session, const char *name, void **out_data,
                    uint64_t *out_bytes);

/* How much of a state's bounded dimension is in use; 0 for a state without
 * one. Its memory has the strides of the largest size. */
VISIR_API VISIR_MUST_USE visir_status_t visir_session_state_length(
    visir_session_t *session, const char *name, uint64_t *out_length);
/* Sets it, between runs: to go back, or after writing the state's memory. The
 * next run that reads the state refuses what is larger than its dimension. */
VISIR_API VISIR_MUST_USE visir_status_t visir_session_set_state_length(
    visir_session_t *session, const char *name, uint64_t length);

/* Bytes that the session took: arena, scratch, staging, states, plans. */
VISIR_API uint64_t visir_session_memory_bytes(const visir_session_t *session);

VISIR_API void visir_session_set_profiling(visir_session_t *session,
                                           uint32_t enabled);

typedef struct visir_profile_t {
  uint32_t entry;
  uint32_t command_count;
  uint64_t total_ns;          /* of the whole run, staging included */
  const uint64_t *command_ns; /* command_count values, wall clock */
  const uint64_t *start_ns;   /* since the run began */
} visir_profile_t;

/* Of the session's last run; command_count is 0 without profiling. Valid
 * until the next run. */
VISIR_API void visir_session_profile(const visir_session_t *session,
                                     visir_profile_t *out_profile);

/* ---- Generator: as its session --------------------------------------- */

/* Writes texts of tokens, one after the other, with two entries of a session
 * whose states keep the past:
 *
 *   prefill  tokens i64[1,n]                             logits f32[1,v]
 *   step     tokens i64[r], parents i64[r],
 *            position i64[1]                             logits f32[r,v]
 *
 * with r rows, one for each beam, and a vocabulary of v. parents[i] is the row
 * of the last step whose text row i continues (0 behind the prompt); position
 * counts the tokens in front of these. A step may lack position, and, where r
 * is 1, parents. What else the entries read, such as a picture's features, is
 * state that a run of another entry wrote before. */
typedef struct visir_generator_t visir_generator_t;

typedef struct visir_generator_options_t {
  size_t struct_bytes; /* sizeof(visir_generator_options_t) */
  const char *prefill; /* names of entries; NULL: "prefill", "step" */
  const char *step;
  /* Texts that are followed at once; 0 or 1: always the likeliest token. At
   * most the rows of a step. */
  uint32_t beams;
  uint32_t max_length; /* tokens of a text, its prompt and end included */
  uint32_t min_length; /* the end does not come before so many */
  /* A text's score is the sum of the logarithms of its tokens' probabilities
   * over its length to this power; of beams alone. */
  float length_penalty;
  /* Above 1: makes tokens that occurred less likely; 0: as 1. */
  float repetition_penalty;
  /* Stop when as many texts ended as there are beams; 0: when none that goes
   * on can be better. */
  uint32_t early_stopping;
  int64_t end_token; /* negative: none */
} visir_generator_options_t;

/* Takes the memory that texts need. The session must live as long. */
VISIR_API VISIR_MUST_USE visir_status_t visir_generator_create(
    visir_session_t *session, const visir_generator_options_t *options,
    visir_generator_t **out_generator);
VISIR_API void visir_generator_release(visir_generator_t *generator);

/* Runs prefill once and step as often as it takes. out_tokens has room for
 * max_length tokens: the best text, its prompt and (where it was reached) its
 * end included. out_score may be NULL. */
VISIR_API VISIR_MUST_USE visir_status_t visir_generator_run(
    visir_generator_t *generator, const int64_t *prompt, uint32_t prompt_length,
    int64_t *out_tokens, uint32_t *out_length, float *out_score);

#ifdef __cplusplus
}
#endif

#endif /* VISIR_RUNTIME_H */
