// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Between the C interface and the classes behind it; private to the api files.
#ifndef VISIR_RUNTIME_EXEC_API_H
#define VISIR_RUNTIME_EXEC_API_H

#include "runtime/exec/session.h"
#include "runtime/include/visir/runtime.h"

namespace visir::runtime {

static_assert(sizeof(visir_status_t) == sizeof(Status) &&
                  offsetof(visir_status_t, message) == 4,
              "a Status is a visir_status_t");
static_assert(int(StatusCode::busy) == VISIR_BUSY &&
                  int(StatusCode::deviceLost) == VISIR_DEVICE_LOST &&
                  int(StatusCode::selfTestFailed) == VISIR_SELF_TEST_FAILED &&
                  int(StatusCode::unsupported) == VISIR_UNSUPPORTED &&
                  int(StatusCode::malformed) == VISIR_MALFORMED,
              "status codes agree");
static_assert(sizeof(visir_tensor_t) == sizeof(TensorView) &&
                  offsetof(visir_tensor_t, dims) == offsetof(TensorView, dims),
              "a visir_tensor_t is a TensorView");
static_assert(int(schema::DType::boolean) == VISIR_BOOL &&
                  int(schema::DType::bf16) == VISIR_BF16 &&
                  int(schema::DType::i64) == VISIR_I64,
              "dtypes agree");
static_assert(VISIR_MAX_RANK == kMaxRank, "rank limits agree");

inline visir_status_t toC(const Status &status) {
  visir_status_t result;
  result.code = static_cast<int32_t>(status.code());
  if (status.ok())
    result.message[0] = '\0';
  else
    memcpy(result.message, status.text(), sizeof(result.message));
  return result;
}

inline Context *unwrap(visir_context_t *context) {
  return reinterpret_cast<Context *>(context);
}
inline const Context *unwrap(const visir_context_t *context) {
  return reinterpret_cast<const Context *>(context);
}
inline Module *unwrap(visir_module_t *module) {
  return reinterpret_cast<Module *>(module);
}
inline const Module *unwrap(const visir_module_t *module) {
  return reinterpret_cast<const Module *>(module);
}
inline Session *unwrap(visir_session_t *session) {
  return reinterpret_cast<Session *>(session);
}
inline const Session *unwrap(const visir_session_t *session) {
  return reinterpret_cast<const Session *>(session);
}

// Copies as much of the caller's options as it knows, zeros for the rest.
template <typename Options> Options readOptions(const Options *options) {
  Options result = {};
  if (!options)
    return result;
  size_t bytes = options->struct_bytes;
  memcpy(&result, options, bytes < sizeof(result) ? bytes : sizeof(result));
  return result;
}

inline const char *textOf(const flatbuffers::String *string) {
  return string ? string->c_str() : "";
}

} // namespace visir::runtime

#endif // VISIR_RUNTIME_EXEC_API_H
