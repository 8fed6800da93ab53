// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/commands/Arguments.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace visir;

void Arguments::value(std::string name, std::string placeholder,
                      std::string help,
                      std::function<std::string(StringRef)> set) {
  options.push_back({std::move(name), std::move(placeholder),
                     std::move(help), std::move(set)});
}

void Arguments::value(std::string name, std::string placeholder,
                      std::string help, std::string &target) {
  value(std::move(name), std::move(placeholder), std::move(help),
        [&target](StringRef text) {
          target = text.str();
          return std::string();
        });
}

void Arguments::flag(std::string name, std::string help, bool &target) {
  Option option;
  option.name = std::move(name);
  option.help = std::move(help);
  option.flag = &target;
  options.push_back(std::move(option));
}

void Arguments::positional(std::string placeholder, std::string &target) {
  single.emplace_back(std::move(placeholder), &target);
}

void Arguments::positionals(std::string placeholder,
                            std::vector<std::string> &target) {
  rest = {std::move(placeholder), &target};
}

std::string Arguments::help() const {
  std::string text;
  raw_string_ostream out(text);
  out << "usage: visir " << usage << "\n\n" << summary << "\n\noptions:\n";
  auto row = [&](const std::string &left, const std::string &right) {
    out << "  " << left;
    if (left.size() > 26)
      out << "\n" << std::string(28, ' ');
    else
      out << std::string(26 - left.size(), ' ');
    for (char c : right) {
      out << c;
      if (c == '\n')
        out << std::string(28, ' ');
    }
    out << "\n";
  };
  for (const Option &option : options)
    row(option.name +
            (option.placeholder.empty() ? "" : " " + option.placeholder),
        option.help);
  row("-h, --help", "this text");
  out << "\nexit codes: 0 done, 1 failed, 2 the model needs what is not "
         "supported,\n64 wrong command line\n";
  return text;
}

const Arguments::Option *Arguments::find(StringRef name) const {
  auto it = llvm::find_if(options, [&](const Option &option) {
    // "-o, --output" has two spellings.
    auto [first, second] = StringRef(option.name).split(", ");
    return name == first || (!second.empty() && name == second);
  });
  return it == options.end() ? nullptr : &*it;
}

int Arguments::usageError(const std::string &text) const {
  errs() << "error: " << text << "\nusage: visir " << usage << "\n";
  return kExitUsage;
}

std::optional<int> Arguments::parse(ArrayRef<char *> arguments) {
  size_t next = 0;
  for (size_t i = 0; i < arguments.size(); ++i) {
    StringRef argument(arguments[i]);
    if (argument == "-h" || argument == "--help") {
      outs() << help();
      return kExitOk;
    }
    if (!argument.starts_with("-") || argument == "-") {
      if (next < single.size())
        *single[next++].second = argument.str();
      else if (rest.second)
        rest.second->push_back(argument.str());
      else
        return usageError("argument " + argument.str() + " is one too many");
      continue;
    }
    auto [name, inlineValue] = argument.split("=");
    bool hasInline = argument.contains('=');
    const Option *option = find(name);
    if (!option)
      return usageError("option " + name.str() + " is unknown");
    if (option->flag) {
      if (hasInline)
        return usageError("option " + name.str() + " takes no value");
      *option->flag = true;
      continue;
    }
    if (!hasInline && i + 1 == arguments.size())
      return usageError("value of option " + name.str() + " is missing");
    std::string error =
        option->set(hasInline ? inlineValue : StringRef(arguments[++i]));
    if (!error.empty())
      return usageError(name.str() + ": " + error);
  }
  if (next < single.size())
    return usageError("argument " + single[next].first + " is missing");
  if (rest.second && rest.second->empty())
    return usageError("argument " + rest.first + " is missing");
  return std::nullopt;
}
