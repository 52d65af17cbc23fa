// Input: a schema, a line feed, and a value; both JSON.
#include <string_view>

#include "agent/routing.hpp"
#include "agent/tools/arguments.hpp"
#include "agent/tools/json_schema.hpp"
#include "agent/tools/result_text.hpp"
#include "base/json.hpp"
#include "expect.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace offhook;
  using namespace offhook::agent;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const std::string readable = result_text(std::string{text});
  FUZZ_EXPECT(result_text(readable) == readable);
  const std::string number = number_of_header(text);
  FUZZ_EXPECT(number.empty() || size >= 1);
  const auto line = text.find('\n');
  const auto schema = parse_json(text.substr(0, line));
  if (!schema) {
    return 0;
  }
  static_cast<void>(schema_problems(*schema));
  const auto value = parse_json(line == std::string_view::npos ? "{}" : text.substr(line + 1));
  if (!value) {
    return 0;
  }
  FUZZ_EXPECT(json_equal(*value, *value));
  const auto errors = validation_errors(*schema, *value);
  FUZZ_EXPECT(errors.size() <= 10);
  if (schema->is_object() && value->is_object()) {
    ToolConfig tool;
    tool.parameters = schema->get_object();
    FUZZ_EXPECT(parse_arguments(tool, line == std::string_view::npos ? "{}" : text.substr(line + 1))
                    .has_value() == errors.empty());
  }
  return 0;
}
