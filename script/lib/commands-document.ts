import { generateHelpTextForAllCommands } from "@stricli/core";
import { application } from "../../src/cli/main.ts";

/** The reference of all commands: what `--help` says, as a page. */
export async function commandsDocument(): Promise<string> {
  const commands = generateHelpTextForAllCommands(await application()).filter(
    ([route]) => !route.includes("__"),
  );
  const sections = commands.map(([route, help]) => {
    const tidy = help.replaceAll(/[ \t]+$/gm, "").trim();
    return `## ${route}\n\n\`\`\`text\n${tidy}\n\`\`\`\n`;
  });
  return (
    "# Commands\n\nWhat `varve COMMAND --help` says, made by `script/docs`.\n\n" +
    "Results go to standard output, everything else to standard error. Exit status: 0 done, " +
    "1 failed, 2 called wrongly; interrupted, varve dies of the signal.\n\n" +
    sections.join("\n")
  );
}
