// Arguments, then one run; the only place that turns what went wrong into an exit status.
#include <iostream>
#include <string>
#include <vector>

#include "capture/source.h"
#include "engine/keeper.h"
#include "engine/options.h"
#include "engine/run.h"
#include "engine/verbs.h"

namespace {

int say(const std::exception& error, int status) {
    std::cerr << "umbratap: " << error.what() << '\n';
    return status;
}

}  // namespace

int main(int argc, char** argv) {
    using namespace umbratap;
    try {
        if (const auto status = engine::run_verb({argv + 1, argv + argc})) return *status;
        const engine::CommandLine line = engine::read_command_line(argc, argv);
        if (line.exit) return *line.exit;
        if (line.options.test_config) return engine::test_config(line.options);
        return line.options.interfaces.empty() ? engine::run(line.options)
                                               : engine::run_live(line.options);
    } catch (const engine::UsageError& error) {
        return say(error, 2);
    } catch (const detect::RuleError& error) {
        return say(error, 3);
    } catch (const capture::InputError& error) {
        return say(error, 4);
    } catch (const std::exception& error) {
        return say(error, 1);
    }
}
