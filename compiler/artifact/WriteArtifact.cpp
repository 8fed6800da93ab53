// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/artifact/WriteArtifact.h"

#include "compiler/support/Constants.h"
#include "targets/common/Layout.h"

#include "runtime/schema/file_format.h"
#include "runtime/schema/visir_generated.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace visir;
namespace fb = visir::schema;

static constexpr const char *kProducer = "visir 0.1.0";

namespace {

/// The constants of all programs, each sequence of bytes once.
class ConstantSection {
public:
  /// Adds bytes and returns their offset.
  uint64_t add(ArrayRef<char> bytes) {
    llvm::SHA256 hash;
    hash.update(StringRef(bytes.data(), bytes.size()));
    auto digest = hash.final();
    StringRef key(reinterpret_cast<char *>(digest.data()), digest.size());
    auto [it, isNew] = offsets.try_emplace(key, data.size());
    if (isNew) {
      data.insert(data.end(), bytes.begin(), bytes.end());
      data.resize(llvm::alignTo(data.size(), VISIR_CONSTANT_ALIGNMENT));
    }
    return it->second;
  }

  std::vector<char> data;

private:
  llvm::StringMap<uint64_t> offsets;
};

/// Names of ONNX nodes, each once.
class NameTable {
public:
  uint32_t indexOf(StringRef name) {
    auto [it, isNew] = indices.try_emplace(name, names.size());
    if (isNew)
      names.push_back(name.str());
    return it->second;
  }
  std::vector<std::string> names;

private:
  llvm::StringMap<uint32_t> indices;
};

class ManifestBuilder {
public:
  ManifestBuilder(const ArtifactOptions &options) : options(options) {
    manifest.schema_version = VISIR_SCHEMA_VERSION;
    manifest.producer = kProducer;
    manifest.options = options.options;
  }

  LogicalResult addProgram(const ProgramCode &code);
  /// Adds the sections; offsets are counted from `firstOffset`.
  void addSections(ArrayRef<ProgramCode> programs, uint64_t firstOffset);
  std::vector<uint8_t> pack();

  fb::ManifestT manifest;
  ConstantSection constants;

private:
  void addFunctions(const ProgramCode &code, fb::ProgramT &program);
  LogicalResult addEntry(exec::EntryOp entry, fb::ProgramT &program);
  LogicalResult addTensors(exec::EntryOp entry, ArrayAttr names,
                           ArrayAttr types, ArrayAttr dims,
                           std::vector<std::unique_ptr<fb::TensorT>> &out);
  void addSymbols(exec::EntryOp entry, fb::EntryT &out);
  void addPreprocess(fb::EntryT &out);
  std::unique_ptr<fb::CommandT> command(Operation &op);

  const ArtifactOptions &options;
  llvm::StringMap<uint32_t> functionIndex;
  NameTable names;
};

} // namespace

static fb::DType dtypeOf(Type element) {
  if (element.isF32())
    return fb::DType::f32;
  if (element.isF64())
    return fb::DType::f64;
  if (element.isF16())
    return fb::DType::f16;
  if (element.isBF16())
    return fb::DType::bf16;
  auto integer = dyn_cast<IntegerType>(element);
  if (!integer)
    return fb::DType::invalid;
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 1:
    return fb::DType::boolean;
  case 8:
    return isUnsigned ? fb::DType::u8 : fb::DType::i8;
  case 16:
    return isUnsigned ? fb::DType::u16 : fb::DType::i16;
  case 32:
    return isUnsigned ? fb::DType::u32 : fb::DType::i32;
  case 64:
    return isUnsigned ? fb::DType::u64 : fb::DType::i64;
  default:
    return fb::DType::invalid;
  }
}

static std::unique_ptr<fb::BindingRefT> refOf(exec::RefAttr ref) {
  auto out = std::make_unique<fb::BindingRefT>();
  out->kind = static_cast<fb::BufferKind>(ref.getKind());
  out->index = ref.getIndex();
  out->offset = ref.getOffset();
  out->size = ref.getSize();
  return out;
}

LogicalResult ManifestBuilder::addTensors(
    exec::EntryOp entry, ArrayAttr names, ArrayAttr types, ArrayAttr dims,
    std::vector<std::unique_ptr<fb::TensorT>> &out) {
  for (auto [i, name, attr] : llvm::enumerate(names, types)) {
    auto symbols = dims.empty() ? DenseI64ArrayAttr()
                                : cast<DenseI64ArrayAttr>(dims[i]);
    auto type = cast<RankedTensorType>(cast<TypeAttr>(attr).getValue());
    auto tensor = std::make_unique<fb::TensorT>();
    tensor->name = cast<StringAttr>(name).str();
    tensor->dtype = dtypeOf(type.getElementType());
    if (tensor->dtype == fb::DType::invalid)
      return entry.emitError("element type of ")
             << tensor->name << " is " << type.getElementType()
             << ", expected one that artifacts know";
    for (auto [axis, size] : llvm::enumerate(type.getShape())) {
      auto dim = std::make_unique<fb::DimT>();
      dim->value = size;
      dim->symbol = symbols ? symbols[axis] : -1;
      tensor->dims.push_back(std::move(dim));
    }
    tensor->bytes = tensorBytes(type);
    out.push_back(std::move(tensor));
  }
  return success();
}

std::unique_ptr<fb::CommandT> ManifestBuilder::command(Operation &op) {
  auto out = std::make_unique<fb::CommandT>();
  if (auto copy = dyn_cast<exec::CopyOp>(op)) {
    fb::CopyT body;
    body.source = refOf(copy.getSource());
    body.destination = refOf(copy.getTarget());
    out->operation.Set(std::move(body));
    out->depends_on.assign(copy.getDependsOn().begin(),
                           copy.getDependsOn().end());
    return out;
  }
  auto dispatch = cast<exec::DispatchOp>(op);
  fb::DispatchT body;
  body.function = functionIndex.lookup(dispatch.getFunction());
  for (Attribute ref : dispatch.getBindings())
    body.bindings.push_back(refOf(cast<exec::RefAttr>(ref)));
  const auto &function = *manifest.programs.back()->functions[body.function];
  body.tile_begin = 0;
  body.tile_end = function.tile_count;
  body.parallel = function.tile_count > 1;
  if (ArrayRef<int64_t> live = dispatch.getLive(); !live.empty()) {
    body.live_symbol = live[0];
    body.live_divisor = live[1];
    body.live_count = live[2];
    body.live_step = live[3];
  }
  for (int64_t symbol : dispatch.getScalars()) {
    body.scalars.push_back(std::make_unique<fb::ScalarT>());
    body.scalars.back()->kind = fb::ScalarKind::symbol;
    body.scalars.back()->value = uint32_t(symbol);
  }
  out->operation.Set(std::move(body));
  out->depends_on.assign(dispatch.getDependsOn().begin(),
                         dispatch.getDependsOn().end());
  for (Attribute name : dispatch.getSources())
    out->source_nodes.push_back(names.indexOf(cast<StringAttr>(name)));
  return out;
}

/// Entries without the input that is named have none.
void ManifestBuilder::addPreprocess(fb::EntryT &out) {
  const PreprocessSpec &spec = *options.preprocess;
  auto pre = std::make_unique<fb::PreprocessT>();
  if (!spec.input.empty()) {
    auto it = llvm::find_if(out.inputs, [&](const auto &tensor) {
      return tensor->name == spec.input;
    });
    if (it == out.inputs.end())
      return;
    pre->input = it - out.inputs.begin();
  }
  pre->filter = spec.bicubic ? fb::ResizeFilter::bicubic
                             : fb::ResizeFilter::bilinear;
  pre->resize_shorter = spec.resizeShorter;
  pre->crop_height = spec.cropHeight;
  pre->crop_width = spec.cropWidth;
  pre->channels = spec.channels;
  pre->scale = spec.scale;
  pre->mean = spec.mean;
  pre->mean.resize(spec.channels, 0.0f);
  pre->std = spec.std;
  pre->std.resize(spec.channels, 1.0f);
  pre->channels_last = spec.channelsLast;
  out.preprocess.push_back(std::move(pre));
}

/// The terms of an affine expression of symbols, added up in `symbol`.
static void addTerms(AffineExpr expr, int64_t factor, fb::SymbolT &symbol) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    symbol.offset += factor * constant.getValue();
    return;
  }
  if (auto of = dyn_cast<AffineSymbolExpr>(expr)) {
    auto term = std::make_unique<fb::SymbolTermT>();
    term->symbol = of.getPosition();
    term->factor = factor;
    symbol.terms.push_back(std::move(term));
    return;
  }
  auto binary = cast<AffineBinaryOpExpr>(expr);
  if (expr.getKind() == AffineExprKind::Mul) {
    int64_t by = cast<AffineConstantExpr>(binary.getRHS()).getValue();
    return addTerms(binary.getLHS(), factor * by, symbol);
  }
  addTerms(binary.getLHS(), factor, symbol);
  addTerms(binary.getRHS(), factor, symbol);
}

void ManifestBuilder::addSymbols(exec::EntryOp entry, fb::EntryT &out) {
  for (auto fields : entry.getSymbols().getAsRange<DictionaryAttr>()) {
    auto symbol = std::make_unique<fb::SymbolT>();
    symbol->name = fields.getAs<StringAttr>("name").str();
    symbol->min = fields.getAs<IntegerAttr>("min").getInt();
    symbol->max = fields.getAs<IntegerAttr>("max").getInt();
    if (auto value = fields.getAs<AffineMapAttr>("value")) {
      symbol->is_expression = true;
      addTerms(value.getValue().getResult(0), 1, *symbol);
    }
    out.symbols.push_back(std::move(symbol));
  }
  for (auto fields : entry.getStateLengths().getAsRange<DenseI64ArrayAttr>()) {
    auto length = std::make_unique<fb::StateLengthT>();
    length->state = fields[0];
    length->before = fields[1];
    length->after = fields[2];
    out.state_lengths.push_back(std::move(length));
  }
}

LogicalResult ManifestBuilder::addEntry(exec::EntryOp entry,
                                        fb::ProgramT &program) {
  auto out = std::make_unique<fb::EntryT>();
  out->name = entry.getSymName().str();
  addSymbols(entry, *out);
  if (failed(addTensors(entry, entry.getInputNames(), entry.getInputTypes(),
                        entry.getInputDims(), out->inputs)) ||
      failed(addTensors(entry, entry.getOutputNames(), entry.getOutputTypes(),
                        entry.getOutputDims(), out->outputs)))
    return failure();
  if (options.preprocess)
    addPreprocess(*out);
  for (Operation &op : entry.getBody().front())
    out->commands.push_back(command(op));
  out->arena_bytes = entry.getArenaBytes();
  program.entries.push_back(std::move(out));
  return success();
}

/// Null for a function without one.
static std::unique_ptr<fb::SelfTestT> packSelfTest(const KernelSelfTest &test) {
  if (test.goldens.empty())
    return nullptr;
  auto out = std::make_unique<fb::SelfTestT>();
  for (uint32_t dtype : test.dtypes)
    out->dtypes.push_back(static_cast<fb::DType>(dtype));
  out->inputs = static_cast<fb::SelfTestInputs>(test.inputs);
  out->tolerance = test.tolerance;
  for (const GoldenResult &result : test.goldens) {
    auto golden = std::make_unique<fb::GoldenT>();
    golden->binding = result.binding;
    golden->finite = result.finite;
    golden->sum = result.sum;
    golden->magnitude = result.magnitude;
    golden->largest = result.largest;
    golden->samples = result.samples;
    out->goldens.push_back(std::move(golden));
  }
  return out;
}

void ManifestBuilder::addFunctions(const ProgramCode &code,
                                   fb::ProgramT &program) {
  functionIndex.clear();
  for (auto [i, op] : llvm::enumerate(
           exec::ProgramOp(code.program)
               .getBody()
               .front()
               .getOps<exec::FunctionOp>())) {
    auto function = std::make_unique<fb::FunctionT>();
    functionIndex[op.getSymName()] = i;
    function->name = op.getSymName().str();
    std::string digest = llvm::fromHex(op.getDigest());
    function->digest.assign(digest.begin(), digest.end());
    std::tie(function->code_offset, function->code_bytes) = code.functions[i];
    function->tile_count = op.getTileCount();
    function->scratch_bytes = op.getScratchBytes();
    function->frame_bytes = code.frameBytes[i];
    function->flops = op.getFlops().convertToDouble();
    function->config = op.getConfig().str();
    ArrayRef<int64_t> scalars = op.getScalars();
    for (size_t s = 0; s < scalars.size(); s += 2) {
      function->scalars.push_back(std::make_unique<fb::ScalarRangeT>());
      function->scalars.back()->min = uint32_t(scalars[s]);
      function->scalars.back()->max = uint32_t(scalars[s + 1]);
    }
    if (!code.launches.empty()) {
      const Launch &launch = code.launches[i];
      function->workgroup_x = launch.x;
      function->workgroup_y = launch.y;
      function->workgroup_z = launch.z;
      function->shared_bytes = launch.sharedBytes;
      function->can_fail = launch.canFail;
      function->loop_steps = launch.loopSteps;
      function->resizable = launch.resizable;
    }
    // Drivers draw values for bindings alone.
    if (!code.selfTests.empty() && function->scalars.empty())
      function->self_test = packSelfTest(code.selfTests[i]);
    for (auto [bytes, writes, tie] :
         llvm::zip_equal(op.getMinBytes(), op.getWrites(), op.getTies())) {
      auto binding = std::make_unique<fb::BindingT>();
      binding->min_bytes = bytes;
      binding->access = writes ? fb::Access::write : fb::Access::read;
      if (writes && tie >= 0)
        binding->access = fb::Access::read_write;
      binding->tie = tie;
      function->bindings.push_back(std::move(binding));
    }
    program.functions.push_back(std::move(function));
  }
}

LogicalResult ManifestBuilder::addProgram(const ProgramCode &code) {
  auto target = std::make_unique<fb::TargetT>();
  target->name = code.targetName;
  target->device = static_cast<fb::DeviceKind>(code.device);
  target->abi_version = code.abiVersion;
  target->features = code.features;
  manifest.targets.push_back(std::move(target));
  manifest.programs.push_back(std::make_unique<fb::ProgramT>());
  fb::ProgramT &program = *manifest.programs.back();
  program.target = manifest.targets.size() - 1;
  addFunctions(code, program);
  Block &body = exec::ProgramOp(code.program).getBody().front();
  for (auto op : body.getOps<exec::ConstantOp>()) {
    auto type = cast<RankedTensorType>(op.getType());
    auto constant = std::make_unique<fb::ConstantT>();
    constant->name = op.getSymName().str();
    auto layout = dyn_cast_or_null<LayoutAttr>(type.getEncoding());
    if (layout) {
      constant->offset = constants.add(packConstant(op.getValue(), layout));
    } else {
      SmallVector<char> storage;
      constant->offset = constants.add(constantBytes(op.getValue(), storage));
    }
    constant->size = op.getBytes();
    program.constants.push_back(std::move(constant));
  }
  for (auto op : body.getOps<exec::StateOp>()) {
    auto state = std::make_unique<fb::StateT>();
    state->name = op.getSymName().str();
    state->bytes = op.getBytes();
    program.states.push_back(std::move(state));
  }
  for (auto entry : body.getOps<exec::EntryOp>())
    if (failed(addEntry(entry, program)))
      return failure();
  bool isPreprocessed = llvm::any_of(program.entries, [](const auto &entry) {
    return !entry->preprocess.empty();
  });
  if (options.preprocess && !isPreprocessed)
    return code.program->emitError("preprocessed input is ")
           << options.preprocess->input << ", expected an input of an entry";
  return success();
}

static void addSection(fb::ManifestT &manifest, fb::SectionKind kind,
                       int target, ArrayRef<char> bytes, uint64_t &offset) {
  auto section = std::make_unique<fb::SectionT>();
  section->kind = kind;
  section->target = target;
  section->offset = offset;
  section->size = bytes.size();
  llvm::SHA256 hash;
  hash.update(StringRef(bytes.data(), bytes.size()));
  auto digest = hash.final();
  section->digest.assign(digest.begin(), digest.end());
  manifest.sections.push_back(std::move(section));
  offset = llvm::alignTo(offset + bytes.size(), VISIR_SECTION_ALIGNMENT);
}

void ManifestBuilder::addSections(ArrayRef<ProgramCode> programs,
                                  uint64_t offset) {
  manifest.sections.clear();
  for (auto [i, code] : llvm::enumerate(programs)) {
    manifest.programs[i]->code_section = -1;
    if (code.code.empty())
      continue;
    manifest.programs[i]->code_section = manifest.sections.size();
    addSection(manifest, fb::SectionKind::code, i, code.code, offset);
  }
  for (auto &program : manifest.programs)
    for (auto &constant : program->constants) {
      constant->section = manifest.sections.size();
      // Constants without elements need a section to lie in, too.
      if (constants.data.empty())
        constants.data.resize(1);
    }
  if (!constants.data.empty())
    addSection(manifest, fb::SectionKind::constants, -1, constants.data,
               offset);
  manifest.source_names = names.names;
}

std::vector<uint8_t> ManifestBuilder::pack() {
  flatbuffers::FlatBufferBuilder builder;
  fb::FinishManifestBuffer(builder, fb::CreateManifest(builder, &manifest));
  return {builder.GetBufferPointer(),
          builder.GetBufferPointer() + builder.GetSize()};
}

/// Whole sections at once: the page cache then holds them in large pages.
static std::error_code writeParts(llvm::raw_fd_ostream &out,
                                  ArrayRef<uint8_t> manifest,
                                  const fb::ManifestT &tables,
                                  ArrayRef<ArrayRef<char>> sections) {
  visir_file_header_t header = {};
  memcpy(header.magic, VISIR_FILE_MAGIC, VISIR_FILE_MAGIC_BYTES);
  header.header_bytes = sizeof(header);
  header.file_version = VISIR_FILE_VERSION;
  header.file_bytes = tables.sections.empty()
                          ? sizeof(header) + manifest.size()
                          : tables.sections.back()->offset +
                                tables.sections.back()->size;
  header.manifest_offset = sizeof(header);
  header.manifest_bytes = manifest.size();
  auto digest = llvm::SHA256::hash(manifest);
  memcpy(header.manifest_digest, digest.data(), digest.size());
  out.write(reinterpret_cast<const char *>(&header), sizeof(header));
  out.write(reinterpret_cast<const char *>(manifest.data()), manifest.size());
  for (auto [section, bytes] : llvm::zip_equal(tables.sections, sections)) {
    out.write_zeros(unsigned(section->offset - out.tell()));
    out.flush();
    out.write(bytes.data(), bytes.size());
  }
  out.flush();
  std::error_code error = out.error();
  out.clear_error();
  return error;
}

/// By way of a temporary file, where the path is not a device or the like.
static llvm::Error writeTo(StringRef path,
                           function_ref<std::error_code(llvm::raw_fd_ostream &)>
                               write) {
  namespace fs = llvm::sys::fs;
  if (path == "-" || (fs::exists(path) && !fs::is_regular_file(path))) {
    std::error_code error;
    llvm::raw_fd_ostream out(path, error);
    return llvm::errorCodeToError(error ? error : write(out));
  }
  auto file = fs::TempFile::create(path + ".tmp%%%%%%%",
                                   fs::all_read | fs::all_write);
  if (!file)
    return file.takeError();
  llvm::raw_fd_ostream out(file->FD, /*shouldClose=*/false);
  if (std::error_code error = write(out))
    return llvm::joinErrors(llvm::errorCodeToError(error), file->discard());
  return file->keep(path);
}

static LogicalResult writeFile(Location loc, StringRef path,
                               ArrayRef<uint8_t> manifest,
                               const fb::ManifestT &tables,
                               ArrayRef<ArrayRef<char>> sections) {
  llvm::Error error = writeTo(path, [&](llvm::raw_fd_ostream &out) {
    return writeParts(out, manifest, tables, sections);
  });
  if (error)
    return emitError(loc, "artifact ") << path << " cannot be written: "
                                       << llvm::toString(std::move(error));
  return success();
}

LogicalResult visir::writeArtifact(Location loc,
                                   ArrayRef<ProgramCode> programs,
                                   const ArtifactOptions &options,
                                   StringRef path) {
  ManifestBuilder builder(options);
  for (const ProgramCode &code : programs)
    if (failed(builder.addProgram(code)))
      return failure();
  // The size of the manifest does not depend on the sections' offsets.
  builder.addSections(programs, 0);
  uint64_t first = llvm::alignTo(
      sizeof(visir_file_header_t) + builder.pack().size() + 4096,
      VISIR_SECTION_ALIGNMENT);
  builder.addSections(programs, first);
  std::vector<uint8_t> manifest = builder.pack();
  assert(sizeof(visir_file_header_t) + manifest.size() <= first &&
         "manifest grew over the first section");
  SmallVector<ArrayRef<char>> sections;
  for (const ProgramCode &code : programs)
    if (!code.code.empty())
      sections.push_back(code.code);
  if (!builder.constants.data.empty())
    sections.push_back(builder.constants.data);
  return writeFile(loc, path, manifest, builder.manifest, sections);
}
