// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLVM may replace loops and large moves by calls of these functions, even
// when it is told that there is no library.
#include "targets/cpu/codegen/compile/Stages.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/SourceMgr.h"

using namespace visir;
using namespace visir::cpu;

// The bodies are loops over bytes; what is big enough to call for more speed
// is a dispatch of its own.
static constexpr const char *kSource = R"(
define hidden ptr @memset(ptr %to, i32 %value, i64 %size) #0 {
entry:
  %byte = trunc i32 %value to i8
  %none = icmp eq i64 %size, 0
  br i1 %none, label %done, label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %p = getelementptr i8, ptr %to, i64 %i
  store i8 %byte, ptr %p
  %next = add i64 %i, 1
  %last = icmp eq i64 %next, %size
  br i1 %last, label %done, label %loop
done:
  ret ptr %to
}
define hidden ptr @memcpy(ptr %to, ptr %from, i64 %size) #0 {
entry:
  %none = icmp eq i64 %size, 0
  br i1 %none, label %done, label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %p = getelementptr i8, ptr %from, i64 %i
  %byte = load i8, ptr %p
  %q = getelementptr i8, ptr %to, i64 %i
  store i8 %byte, ptr %q
  %next = add i64 %i, 1
  %last = icmp eq i64 %next, %size
  br i1 %last, label %done, label %loop
done:
  ret ptr %to
}
define hidden ptr @memmove(ptr %to, ptr %from, i64 %size) #0 {
entry:
  %a = ptrtoint ptr %to to i64
  %b = ptrtoint ptr %from to i64
  %distance = sub i64 %a, %b
  %forward = icmp uge i64 %distance, %size
  br i1 %forward, label %copy, label %head
copy:
  %r = call ptr @memcpy(ptr %to, ptr %from, i64 %size)
  ret ptr %to
head:
  %none = icmp eq i64 %size, 0
  br i1 %none, label %done, label %loop
loop:
  %i = phi i64 [ %size, %head ], [ %next, %loop ]
  %next = sub i64 %i, 1
  %p = getelementptr i8, ptr %from, i64 %next
  %byte = load i8, ptr %p
  %q = getelementptr i8, ptr %to, i64 %next
  store i8 %byte, ptr %q
  %last = icmp eq i64 %next, 0
  br i1 %last, label %done, label %loop
done:
  ret ptr %to
}
attributes #0 = { noredzone nounwind "no-builtins" }
)";

llvm::Expected<ObjectBytes>
cpu::compileBuiltins(const CpuSpec &spec, llvm::TargetMachine &machine) {
  llvm::LLVMContext context;
  llvm::SMDiagnostic diagnostic;
  std::unique_ptr<llvm::Module> module =
      llvm::parseAssemblyString(kSource, diagnostic, context);
  if (!module)
    return llvm::createStringError(diagnostic.getMessage());
  module->setTargetTriple(machine.getTargetTriple());
  module->setDataLayout(machine.createDataLayout());
  for (llvm::Function &function : *module) {
    function.addFnAttr("target-cpu", spec.cpu);
    function.addFnAttr("target-features", spec.features);
  }
  ObjectBytes bytes;
  if (llvm::Error error = emitObject(*module, machine, false, bytes))
    return std::move(error);
  return bytes;
}
