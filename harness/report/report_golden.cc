// Writes what the golden tests compare with, for a change that is meant to change it:
//
//   report_golden FOLDER    the files of harness/report/fixtures
//   report_golden --schema  reports/report.schema.json, to standard output
#include <exception>
#include <iostream>
#include <string>

#include "harness/report/export_example.h"
#include "harness/report/report_file.h"
#include "harness/report/report_json.h"

int main(int argc, char** argv) {
  const std::string argument = argc == 2 ? argv[1] : "";
  if (argument.empty()) {
    std::cerr << "report_golden FOLDER | --schema\n";
    return deltagauge::kExitUsage;
  }
  if (argument == "--schema") {
    std::cout << deltagauge::WriteJson(deltagauge::ReportSchema(),
                                       deltagauge::JsonLayout::kIndented);
    return deltagauge::kExitPass;
  }
  try {
    for (const deltagauge::GoldenFile& file : deltagauge::GoldenFiles()) {
      deltagauge::WriteFileAtomically(argument + "/" + file.name, file.text);
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return deltagauge::kExitInternal;
  }
  return deltagauge::kExitPass;
}
