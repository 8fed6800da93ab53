// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/devices.h"

#include "runtime/include/visir/runtime.h"
#include "tools/common/json.h"
#include "tools/common/runtime_commands.h"
#include "tools/common/runtime_options.h"

#include <cstdio>
#include <vector>

namespace visir::tools {
namespace {

std::vector<visir_device_info_t> findDevices() {
  std::vector<visir_device_info_t> devices(visir_list_devices(nullptr, 0));
  visir_list_devices(devices.data(), static_cast<uint32_t>(devices.size()));
  return devices;
}

std::string devicesJson() {
  JsonWriter json;
  json.beginArray();
  for (const visir_device_info_t &device : findDevices()) {
    json.beginObject();
    json.field("name", std::string(device.name));
    json.field("description", std::string(device.description));
    json.field("present", device.present != 0);
    json.endObject();
  }
  json.endArray();
  return json.text() + "\n";
}

} // namespace

std::string devicesText() {
  std::string text;
  for (const visir_device_info_t &device : findDevices()) {
    std::string name = device.name;
    size_t width = name.size() < 11 ? 12 - name.size() : 1;
    text += "  " + name + std::string(width, ' ') + device.description + "\n";
  }
  return text;
}

void listDevices(int count, const char *const *words) {
  bool json = false;
  for (int i = 0; i < count; ++i) {
    std::string word = words[i];
    if (word != "--json" && !asksForHelp(1, words + i))
      throw UsageError("option is " + word + ", expected --json");
    json |= word == "--json";
  }
  std::string text = json ? devicesJson() : devicesText();
  if (asksForHelp(count, words))
    text = std::string("devices [--json]: list the devices that artifacts can "
                       "run on\n\n") +
           exitCodesHelp();
  fwrite(text.data(), 1, text.size(), stdout);
}

} // namespace visir::tools
