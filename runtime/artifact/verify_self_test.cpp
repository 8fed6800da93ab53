// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Self tests of functions. Comparisons are negated so that not-a-number is
// refused, too.
#include "runtime/artifact/verify_parts.h"
#include "runtime/schema/self_test.h"

#include <float.h>
#include <math.h>

namespace visir::runtime {
namespace {

bool isSize(double value) { return value >= 0 && value <= DBL_MAX; }

Status verifyGolden(const schema::Golden &golden,
                    const schema::Function &function, schema::DType dtype) {
  const schema::Binding &binding = *function.bindings()->Get(golden.binding());
  if (binding.access() == schema::Access::read)
    return malformed("access of binding %u is read, expected a written one",
                     golden.binding());
  uint64_t elements = binding.min_bytes() / dtypeBytes(dtype);
  if (golden.finite() > elements)
    return malformed("count of finite elements is %llu, expected at most %llu",
                     wide(golden.finite()), wide(elements));
  if (!(fabs(golden.sum()) <= DBL_MAX) || !isSize(golden.magnitude()) ||
      !isSize(golden.largest()))
    return malformed("sum is %g, magnitude %g and largest value %g, expected "
                     "finite ones, the latter at least 0",
                     golden.sum(), golden.magnitude(), golden.largest());
  uint64_t samples = elements < schema::kSelfTestSamples
                         ? elements
                         : schema::kSelfTestSamples;
  if (sizeOf(golden.samples()) != samples)
    return malformed("sample count is %u, expected %llu",
                     sizeOf(golden.samples()), wide(samples));
  return Status();
}

Status verifyDTypes(const schema::Function &function,
                    const schema::SelfTest &test) {
  uint32_t bindings = sizeOf(function.bindings());
  if (test.dtypes()->size() != bindings)
    return malformed("dtype count is %u, expected %u", test.dtypes()->size(),
                     bindings);
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < bindings; ++i) {
    auto dtype = static_cast<schema::DType>(test.dtypes()->Get(i));
    uint32_t size = dtypeBytes(dtype);
    uint64_t least = function.bindings()->Get(i)->min_bytes();
    if (size == 0)
      return malformed("dtype %u is %u, expected one of the schema", i,
                       static_cast<unsigned>(dtype));
    if (least % size)
      return malformed("least size of binding %u is %llu, expected a multiple "
                       "of %u for %s",
                       i, wide(least), size, dtypeName(dtype));
    if (least > schema::kMaxSelfTestBytes ||
        (bytes += least) > schema::kMaxSelfTestBytes)
      return malformed("size of all bindings is more than %llu, expected no "
                       "self test",
                       wide(schema::kMaxSelfTestBytes));
  }
  return Status();
}

} // namespace

Status verifySelfTest(Verification &v, const schema::Function &function,
                      const schema::SelfTest &test) {
  schema::DeviceKind device =
      v.manifest->targets()->Get(v.program->target())->device();
  if (device == schema::DeviceKind::cpu || sizeOf(function.scalars()) != 0)
    return malformed("device is %s and scalar count %u, expected another "
                     "device than a CPU and no scalars",
                     schema::EnumNameDeviceKind(device),
                     sizeOf(function.scalars()));
  VISIR_RETURN_IF_ERROR(verifyDTypes(function, test));
  if (test.inputs() < schema::SelfTestInputs::MIN ||
      test.inputs() > schema::SelfTestInputs::MAX)
    return malformed("kind of inputs is %u, expected %u..%u",
                     static_cast<unsigned>(test.inputs()),
                     static_cast<unsigned>(schema::SelfTestInputs::MIN),
                     static_cast<unsigned>(schema::SelfTestInputs::MAX));
  if (!(test.tolerance() >= 0 && test.tolerance() <= 1))
    return malformed("tolerance is %g, expected 0..1", test.tolerance());
  uint32_t bindings = sizeOf(function.bindings());
  uint32_t goldens = test.goldens()->size(), next = 0;
  if (goldens == 0)
    return malformed("golden count is 0, expected at least 1");
  for (uint32_t i = 0; i < goldens; ++i) {
    const schema::Golden &golden = *test.goldens()->Get(i);
    if (golden.binding() < next || golden.binding() >= bindings)
      return malformed("golden %u: binding is %u, expected at least %u and "
                       "less than %u",
                       i, golden.binding(), next, bindings);
    next = golden.binding() + 1;
    VISIR_RETURN_IF_ERROR_AT(
        verifyGolden(golden, function,
                     static_cast<schema::DType>(
                         test.dtypes()->Get(golden.binding()))),
        "golden %u", i);
  }
  return v.budget.charge(uint64_t(goldens) * schema::kSelfTestSamples);
}

} // namespace visir::runtime
