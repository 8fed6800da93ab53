// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/StaticLibrary.h"

#include "runtime/schema/file_format.h"
#include "runtime/schema/visir_generated.h"
#include "targets/cpu/codegen/compile/EmbedData.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace visir;
namespace fb = visir::schema;

/// A C identifier from a file's name.
static std::string identifier(StringRef name) {
  std::string text;
  for (char c : name)
    text += llvm::isAlnum(c) ? c : '_';
  if (text.empty() || llvm::isDigit(text.front()))
    text.insert(text.begin(), '_');
  return text;
}

static void describe(llvm::raw_ostream &out, StringRef what,
                     const fb::EntryT &entry, const fb::TensorT &tensor) {
  out << " *   " << what << " " << tensor.name << ": "
      << fb::EnumNameDType(tensor.dtype);
  for (const auto &dim : tensor.dims) {
    out << (&dim == &tensor.dims.front() ? " " : "x");
    if (dim->symbol >= 0)
      out << "(" << entry.symbols[dim->symbol]->name << "<=" << dim->value
          << ")";
    else
      out << dim->value;
  }
  out << ", " << tensor.bytes << " bytes\n";
}

/// The header's text for an artifact's manifest.
static std::string headerText(StringRef name, const fb::ManifestT &manifest,
                              uint64_t bytes) {
  std::string text, upper = StringRef(name).upper();
  llvm::raw_string_ostream out(text);
  out << "/* Made by " << manifest.producer << ". Link with lib" << name
      << " and the Visir runtime.\n *\n";
  for (const auto &entry : manifest.programs.front()->entries) {
    out << " * entry " << entry->name << "\n";
    for (const auto &tensor : entry->inputs)
      describe(out, "input", *entry, *tensor);
    for (const auto &tensor : entry->outputs)
      describe(out, "output", *entry, *tensor);
  }
  for (const auto &state : manifest.programs.front()->states)
    out << " * state " << state->name << ", " << state->bytes << " bytes\n";
  out << " */\n#ifndef " << upper << "_H\n#define " << upper
      << "_H\n\n#include <stdint.h>\n#include <visir/runtime.h>\n\n"
      << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n#define " << upper
      << "_BYTES " << bytes << "u\n\n"
      << "/* The artifact: code and constants. */\n"
      << "extern const unsigned char visir_artifact_" << name << "[];\n"
      << "extern const uint64_t visir_artifact_" << name << "_bytes;\n\n"
      << "#ifdef __cplusplus\n}\n#endif\n\n#endif /* " << upper
      << "_H */\n";
  return text;
}

static LogicalResult fail(Location loc, StringRef path, llvm::Error error) {
  return emitError(loc, "static library ")
         << path << " cannot be written: " << llvm::toString(std::move(error));
}

LogicalResult visir::writeStaticLibrary(Location loc, StringRef artifact,
                                        StringRef library,
                                        const cpu::CpuSpec &spec) {
  auto file = llvm::MemoryBuffer::getFile(artifact, /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  if (!file)
    return fail(loc, library, llvm::errorCodeToError(file.getError()));
  StringRef bytes = (*file)->getBuffer();
  StringRef stem = llvm::sys::path::stem(library);
  stem.consume_front("lib");
  std::string name = identifier(stem);
  auto object = cpu::embedData(llvm::ArrayRef(bytes.data(), bytes.size()),
                               "visir_artifact_" + name,
                               VISIR_SECTION_ALIGNMENT, spec);
  if (!object)
    return fail(loc, library, object.takeError());
  llvm::NewArchiveMember member(llvm::MemoryBufferRef(
      StringRef(object->data(), object->size()), "artifact.o"));
  std::vector<llvm::NewArchiveMember> members;
  members.push_back(std::move(member));
  if (llvm::Error error = llvm::writeArchive(
          library, members, llvm::SymtabWritingMode::NormalSymtab,
          llvm::object::Archive::K_GNU, /*Deterministic=*/true,
          /*Thin=*/false))
    return fail(loc, library, std::move(error));
  visir_file_header_t header;
  memcpy(&header, bytes.data(), sizeof(header));
  fb::ManifestT manifest;
  fb::GetManifest(bytes.data() + header.manifest_offset)->UnPackTo(&manifest);
  SmallString<128> path(library);
  llvm::sys::path::remove_filename(path);
  llvm::sys::path::append(path, name + ".h");
  std::error_code error;
  llvm::raw_fd_ostream out(path, error);
  if (error)
    return fail(loc, path, llvm::errorCodeToError(error));
  out << headerText(name, manifest, bytes.size());
  return success();
}
