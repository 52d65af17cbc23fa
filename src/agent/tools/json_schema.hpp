#pragma once

#include <string>
#include <vector>

#include <boost/json/value.hpp>

namespace offhook::agent {

/// What a schema uses that we cannot check, or that is no JSON Schema: "properties.age.type: …".
///
/// Known are type, enum, const, properties, required, additionalProperties, minProperties,
/// maxProperties, items, minItems, maxItems, uniqueItems, minimum, maximum, exclusiveMinimum,
/// exclusiveMaximum, multipleOf, minLength, maxLength, pattern, anyOf, oneOf, allOf and not, with
/// their meaning in JSON Schema 2020-12. Annotations (description, format, …) say nothing about
/// validity. $ref is not known: write the schema out.
[[nodiscard]] std::vector<std::string> schema_problems(const boost::json::value& schema);

/// Where `value` breaks `schema`, at most ten texts that a model can act on: "items[0].size: must
/// be one of \"s\", \"m\", \"l\"". Empty: valid. A schema with problems may let too much pass.
///
/// Patterns are Perl's; lengths are counted in characters. Texts longer than 4,096 bytes, and such
/// that make the matcher work too long, do not fit any pattern.
[[nodiscard]] std::vector<std::string> validation_errors(const boost::json::value& schema,
                                                         const boost::json::value& value);

/// Equal in the sense of JSON Schema: 1 and 1.0 are the same number.
[[nodiscard]] bool json_equal(const boost::json::value& a, const boost::json::value& b) noexcept;

}  // namespace offhook::agent
