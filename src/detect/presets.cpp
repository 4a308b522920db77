// Which alerts are reported.
#include "detect/presets.h"

#include <algorithm>
#include <array>

#include "detect/yaml.h"

namespace umbratap::detect {

bool Preset::reports(std::string_view category, std::string_view rule,
                     int severity) const noexcept {
    return severity <= severity_max &&
           std::none_of(off.begin(), off.end(), [&](const std::string& left_out) {
               return left_out == category || left_out == rule;
           });
}

Presets::Presets(const std::string& directory) : file_(directory + "/presets.yaml") {
    const YamlNode file = YamlNode::load(file_);
    file.allow_only({"presets"});
    for (const YamlNode& node : file.at("presets").elements()) {
        node.allow_only({"name", "severity_max", "off"});
        Preset preset;
        preset.name = node.at("name").text();
        preset.severity_max = static_cast<int>(node.at("severity_max").integer(1, 4));
        if (const auto off = node.find("off")) preset.off = off->texts();
        presets_.push_back(std::move(preset));
        lines_.push_back(node.line());
    }
    constexpr std::array<std::string_view, 3> needed = {"quiet", "standard", "hunt"};
    for (const std::string_view name : needed) {
        if (std::none_of(presets_.begin(), presets_.end(),
                         [&](const Preset& preset) { return preset.name == name; }))
            file.fail("expected a preset '" + std::string(name) + "'");
    }
}

const Preset& Presets::find(std::string_view name) const {
    std::vector<std::string_view> names;
    for (const Preset& preset : presets_) {
        if (preset.name == name) return preset;
        names.push_back(preset.name);
    }
    throw RuleError(file_ + ":1: there is no preset '" + std::string(name) + "'" +
                    suggestion(name, names));
}

void Presets::demand_known(const std::vector<std::string>& known) const {
    const std::vector<std::string_view> names(known.begin(), known.end());
    for (std::size_t i = 0; i < presets_.size(); ++i) {
        for (const std::string& off : presets_[i].off) {
            if (std::find(known.begin(), known.end(), off) == known.end())
                throw RuleError(file_ + ":" + std::to_string(lines_[i]) +
                                ": there is no category and no rule '" + off + "'" +
                                suggestion(off, names));
        }
    }
}

}  // namespace umbratap::detect
