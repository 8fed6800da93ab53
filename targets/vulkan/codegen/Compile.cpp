// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/math/MathLowering.h"
#include "targets/vulkan/codegen/NarrowFloats.h"
#include "targets/vulkan/codegen/VulkanKernel.h"
#include "targets/vulkan/codegen/WorkgroupConstant.h"

#include "mlir/Conversion/ArithToSPIRV/ArithToSPIRV.h"
#include "mlir/Conversion/GPUToSPIRV/GPUToSPIRV.h"
#include "mlir/Conversion/MathToSPIRV/MathToSPIRV.h"
#include "mlir/Conversion/MemRefToSPIRV/MemRefToSPIRV.h"
#include "mlir/Conversion/SCFToSPIRV/SCFToSPIRV.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVDialect.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVOps.h"
#include "mlir/Dialect/SPIRV/IR/TargetAndABI.h"
#include "mlir/Dialect/SPIRV/Transforms/Passes.h"
#include "mlir/Dialect/SPIRV/Transforms/SPIRVConversion.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/SPIRV/Serialization.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace visir;
using namespace visir::vulkan;

/// Everything that a device may have; what a module uses of it is its demand.
/// Without the storage capabilities the type converter would silently pack
/// narrow elements into words that the host does not know of.
/// Cooperative matrices ask for SPIR-V 1.6, which Vulkan 1.3 takes.
static spirv::TargetEnvAttr targetEnvironment(MLIRContext *context,
                                              bool cooperative) {
  using C = spirv::Capability;
  using E = spirv::Extension;
  SmallVector<C> capabilities{C::Shader,
                              C::Float64,
                              C::Int64,
                              C::Int16,
                              C::Int8,
                              C::StorageBuffer16BitAccess,
                              C::StorageBuffer8BitAccess};
  SmallVector<E> extensions{E::SPV_KHR_storage_buffer_storage_class,
                            E::SPV_KHR_16bit_storage, E::SPV_KHR_8bit_storage};
  if (cooperative) {
    capabilities.append({C::Float16, C::GroupNonUniform, C::VulkanMemoryModel,
                         C::CooperativeMatrixKHR});
    extensions.push_back(E::SPV_KHR_cooperative_matrix);
  }
  auto vce = spirv::VerCapExtAttr::get(cooperative ? spirv::Version::V_1_6
                                                   : spirv::Version::V_1_3,
                                       capabilities, extensions, context);
  return spirv::TargetEnvAttr::get(
      vce, spirv::getDefaultResourceLimits(context), spirv::ClientAPI::Vulkan,
      spirv::Vendor::Unknown, spirv::DeviceType::Unknown,
      spirv::TargetEnvAttr::kUnknownDeviceID);
}

/// The whole kernel at once: gpu, scf, arith, math and memref.
static LogicalResult convertToSpirv(gpu::GPUModuleOp module,
                                    bool cooperative) {
  MLIRContext *context = module.getContext();
  spirv::TargetEnvAttr environment = targetEnvironment(context, cooperative);
  SPIRVConversionOptions options;
  options.emulateLT32BitScalarTypes = false;
  options.emulateUnsupportedFloatTypes = false;
  SPIRVTypeConverter types(environment, options);
  std::unique_ptr<ConversionTarget> target =
      SPIRVConversionTarget::get(environment);
  RewritePatternSet patterns(context);
  ScfToSPIRVContext scf;
  populateNarrowFloatPatterns(types, patterns);
  populateWorkgroupPatterns(types, patterns);
  if (cooperative) {
    populateMMAToSPIRVCoopMatrixTypeConversion(types);
    populateGpuWMMAToSPIRVCoopMatrixKHRConversionPatterns(types, patterns);
  }
  populateGPUToSPIRVPatterns(types, patterns);
  populateSCFToSPIRVPatterns(types, scf, patterns);
  arith::populateArithToSPIRVPatterns(types, patterns);
  populateMathToSPIRVPatterns(types, patterns);
  populateMemRefToSPIRVPatterns(types, patterns);
  module->setAttr(spirv::getTargetEnvAttrName(), environment);
  return applyFullConversion(module, *target, std::move(patterns));
}

/// Without this drivers may reorder and merge float arithmetic, and Mesa turns
/// the (x + c) - c of rounding into x.
static void forbidContraction(ModuleOp holder) {
  auto decoration = StringAttr::get(holder.getContext(), "no_contraction");
  auto unit = UnitAttr::get(holder.getContext());
  holder.walk([&](Operation *op) {
    if (isa<spirv::FAddOp, spirv::FSubOp, spirv::FMulOp, spirv::FDivOp,
            spirv::FNegateOp, spirv::FRemOp>(op))
      op->setAttr(decoration, unit);
  });
}

/// The dialect spirv has no instruction for it; zeros keep their sign.
static void expandTruncation(ModuleOp holder) {
  holder.walk([](math::TruncOp op) {
    OpBuilder b(op);
    Location loc = op.getLoc();
    Value x = op.getOperand();
    Value zero =
        arith::ConstantOp::create(b, loc, b.getFloatAttr(x.getType(), 0));
    Value negative =
        arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, zero);
    Value up = math::CeilOp::create(b, loc, x);
    Value down = math::FloorOp::create(b, loc, x);
    op.replaceAllUsesWith(
        arith::SelectOp::create(b, loc, negative, up, down).getResult());
    op.erase();
  });
}

/// No pattern takes it to the dialect spirv.
static void lowerPopulationCounts(ModuleOp holder) {
  holder.walk([](math::CtPopOp op) {
    OpBuilder b(op);
    Value count = spirv::BitCountOp::create(b, op.getLoc(), op.getOperand());
    op.replaceAllUsesWith(count);
    op.erase();
  });
}

/// Leaves it to the device whether it rounds the multiply-adds of sums once or
/// twice, as Vulkan's Fma may.
static void fuseSums(ModuleOp holder) {
  holder.walk([](math::FmaOp op) {
    if (!op.getType().isF32() && !op.getType().isF64())
      return;
    OpBuilder b(op);
    Value sum = spirv::GLFmaOp::create(b, op.getLoc(), op.getType(), op.getA(),
                                       op.getB(), op.getC());
    op.replaceAllUsesWith(sum);
    op.erase();
  });
}

/// Iterations of the loops in a block and in those, at most.
static uint64_t countLoopSteps(Block &block) {
  // Loops without a count are those of remainders, over exponents of f64.
  constexpr uint64_t kOpenLoop = 2100;
  uint64_t steps = 0;
  for (Operation &op : block) {
    uint64_t inner = 0;
    for (Region &region : op.getRegions())
      for (Block &nested : region)
        inner = llvm::SaturatingAdd(inner, countLoopSteps(nested));
    uint64_t trips = kOpenLoop;
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      std::optional<llvm::APInt> count = loop.getStaticTripCount();
      trips = count ? count->getLimitedValue() : UINT64_MAX;
    }
    if (isa<scf::ForOp, scf::WhileOp>(op))
      inner = llvm::SaturatingMultiply(trips, llvm::SaturatingAdd(
                                                  inner, uint64_t(1)));
    steps = llvm::SaturatingAdd(steps, inner);
  }
  return steps;
}

/// Cooperative matrices are of Vulkan's memory model, in which invocations see
/// what others have written to shared memory only if that is said.
static void useVulkanMemory(ModuleOp holder) {
  MLIRContext *context = holder.getContext();
  auto shared = spirv::MemoryAccessAttr::get(
      context, spirv::MemoryAccess::NonPrivatePointer);
  auto isShared = [](Value pointer) {
    return cast<spirv::PointerType>(pointer.getType()).getStorageClass() ==
           spirv::StorageClass::Workgroup;
  };
  holder.walk([&](Operation *op) {
    if (auto module = dyn_cast<spirv::ModuleOp>(op)) {
      module.setMemoryModel(spirv::MemoryModel::Vulkan);
    } else if (auto load = dyn_cast<spirv::LoadOp>(op)) {
      if (isShared(load.getPtr()))
        load.setMemoryAccessAttr(shared);
    } else if (auto store = dyn_cast<spirv::StoreOp>(op)) {
      if (isShared(store.getPtr()))
        store.setMemoryAccessAttr(shared);
    } else if (auto load = dyn_cast<spirv::KHRCooperativeMatrixLoadOp>(op)) {
      load.setMemoryOperandAttr(shared);
    } else if (auto store = dyn_cast<spirv::KHRCooperativeMatrixStoreOp>(op)) {
      store.setMemoryOperandAttr(shared);
    } else if (auto barrier = dyn_cast<spirv::ControlBarrierOp>(op)) {
      using S = spirv::MemorySemantics;
      barrier.setMemorySemantics(S::WorkgroupMemory | S::AcquireRelease |
                                 S::MakeAvailable | S::MakeVisible);
    }
  });
}

/// What no op says that it needs.
static void demandVulkanMemory(ModuleOp holder) {
  for (auto module : holder.getOps<spirv::ModuleOp>()) {
    spirv::VerCapExtAttr triple = *module.getVceTriple();
    SmallVector<spirv::Capability> capabilities(triple.getCapabilities());
    for (spirv::Capability capability :
         {spirv::Capability::VulkanMemoryModel,
          spirv::Capability::GroupNonUniform})
      if (!llvm::is_contained(capabilities, capability))
        capabilities.push_back(capability);
    SmallVector<spirv::Extension> extensions(triple.getExtensions());
    module.setVceTripleAttr(spirv::VerCapExtAttr::get(
        triple.getVersion(), capabilities, extensions, module.getContext()));
  }
}

static LogicalResult lower(ModuleOp holder, bool cooperative,
                           uint64_t &loopSteps) {
  MLIRContext *context = holder.getContext();
  fuseSums(holder);
  lowerPopulationCounts(holder);
  {
    PassManager pm(context);
    auto cleanUp = [&] {
      pm.addPass(createCanonicalizerPass());
      pm.addPass(createCSEPass());
    };
    cleanUp();
    // Functions may not count on a single rounding.
    MathTraits traits;
    traits.fma = false;
    pm.addPass(createMathLoweringPass(traits));
    pm.addPass(arith::createArithExpandOpsPass());
    cleanUp();
    if (failed(pm.run(holder)))
      return failure();
  }
  expandTruncation(holder);
  loopSteps = countLoopSteps(*holder.getBody());
  auto kernels = *holder.getOps<gpu::GPUModuleOp>().begin();
  if (failed(convertToSpirv(kernels, cooperative)))
    return failure();
  if (cooperative)
    useVulkanMemory(holder);
  PassManager pm(context);
  OpPassManager &modules = pm.nest<spirv::ModuleOp>();
  modules.addPass(spirv::createSPIRVLowerABIAttributesPass());
  modules.addPass(createCanonicalizerPass());
  modules.addPass(createCSEPass());
  modules.addPass(spirv::createSPIRVUpdateVCEPass());
  if (failed(pm.run(holder)))
    return failure();
  forbidContraction(holder);
  if (cooperative)
    demandVulkanMemory(holder);
  return success();
}

/// The ABI's word for a capability; null for what Vulkan 1.1 has anyway, an
/// empty one for what the ABI does not know.
static const char *featureOf(spirv::Capability capability) {
  switch (capability) {
  case spirv::Capability::Shader:
  case spirv::Capability::Matrix:
  // Devices with cooperative matrices have them, too.
  case spirv::Capability::GroupNonUniform:
  case spirv::Capability::VulkanMemoryModel:
    return nullptr;
  case spirv::Capability::CooperativeMatrixKHR:
    return "matrix16";
  case spirv::Capability::Float16:
    return "float16";
  case spirv::Capability::Float64:
    return "float64";
  case spirv::Capability::Int64:
    return "int64";
  case spirv::Capability::Int16:
    return "int16";
  case spirv::Capability::Int8:
    return "int8";
  case spirv::Capability::StorageBuffer16BitAccess:
    return "storage16";
  case spirv::Capability::StorageBuffer8BitAccess:
    return "storage8";
  default:
    return "";
  }
}

static LogicalResult findFeatures(spirv::ModuleOp module,
                                  std::set<std::string> &features) {
  auto triple = module.getVceTriple();
  if (!triple)
    return module.emitError("module states no capabilities");
  for (spirv::Capability capability : triple->getCapabilities()) {
    const char *feature = featureOf(capability);
    if (feature && !*feature)
      return module.emitError("capability ")
             << spirv::stringifyCapability(capability)
             << " is used, expected one that the ABI names";
    if (feature)
      features.insert(feature);
  }
  return success();
}

FailureOr<SpirvModule> vulkan::compileToSpirv(EmittedKernel &kernel,
                                              std::string *text) {
  SpirvModule result;
  ModuleOp holder = *kernel.holder;
  if (failed(lower(holder, kernel.cooperative, result.loopSteps)))
    return failure();
  auto modules = holder.getOps<spirv::ModuleOp>();
  if (!llvm::hasSingleElement(modules))
    return holder.emitError("kernel has not become one SPIR-V module");
  spirv::ModuleOp module = *modules.begin();
  if (failed(findFeatures(module, result.features)))
    return failure();
  if (text)
    llvm::raw_string_ostream(*text) << module << "\n";
  SmallVector<uint32_t> words;
  spirv::SerializationOptions options;
  options.emitSymbolName = false;
  if (failed(spirv::serialize(module, words, options)))
    return failure();
  result.words.assign(words.begin(), words.end());
  decorateWorkgroup(result.words);
  return result;
}
