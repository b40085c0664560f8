package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) profile() *cobra.Command {
	cmd := &cobra.Command{
		Use: "profile", GroupID: work, Args: subcommand,
		Short: "One developer's choices: mode, services, env, ports on top of the team's files",
		Long: "A profile is a file of choices that are laid over the compose files: .devenv/profiles/NAME.yaml of the team,\n" +
			"NAME.local.yaml beside it of one developer, which git ignores, and devenv/profiles/NAME.yaml in your config folder.\n" +
			"--profile or DEVENV_PROFILE chooses one for a command, \"devenv profile use\" for this checkout.",
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		a.profileList(), a.profileUse(), a.profileShow(), a.profileExplain(), a.profileDiff(),
		a.profileCreate(), a.profileEdit(), a.profileCopy(), a.profileRemove(), a.profileSchema(),
	)
	return cmd
}

// aboutProfiles opens the project without a profile: its commands must work where the chosen one is wrong.
func (a *app) aboutProfiles(cmd *cobra.Command, do func(*devenv.Environment) error) error {
	a.settings.WithoutProfile = true
	return a.existing(cmd.Context(), do)
}

// profileNames completes the names of profiles.
func (a *app) profileNames(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	err := a.aboutProfiles(cmd, func(env *devenv.Environment) error {
		names = env.Profiles()
		return nil
	})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func (a *app) profileList() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "list", Args: cobra.NoArgs,
		Short: "List the profiles; * is the one in use",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.aboutProfiles(cmd, func(env *devenv.Environment) error { return env.ListProfiles(format) })
		},
	}
	addFormat(cmd, &format, "text", "json")
	return cmd
}

func (a *app) profileUse() *cobra.Command {
	return &cobra.Command{
		Use: "use NAME|none", Args: cobra.ExactArgs(1), ValidArgsFunction: a.profileNames,
		Short: "Choose a profile for this checkout, and switch what runs to it",
		Long: "use prints what differs, recreates only the containers that change, and keeps volumes. A profile that says a mode\n" +
			"ends what \"devenv mode\" chose before.",
		RunE: func(cmd *cobra.Command, args []string) error {
			a.settings.WithoutProfile = true
			return a.open(cmd.Context(), func(env *devenv.Environment) error { return env.UseProfile(cmd.Context(), args[0]) })
		},
	}
}

func (a *app) profileShow() *cobra.Command {
	return &cobra.Command{
		Use: "show [NAME]", Args: cobra.MaximumNArgs(1), ValidArgsFunction: a.profileNames,
		Short: "Print a profile with all that it extends, as one file",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.aboutProfiles(cmd, func(env *devenv.Environment) error { return env.ShowProfile(first(args)) })
		},
	}
}

func (a *app) profileExplain() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "explain [NAME]", Args: cobra.MaximumNArgs(1), ValidArgsFunction: a.profileNames,
		Short: "Show where each value of a profile comes from, and what it replaces",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.aboutProfiles(cmd, func(env *devenv.Environment) error { return env.ExplainProfile(first(args), format) })
		},
	}
	addFormat(cmd, &format, "text", "json")
	return cmd
}

func (a *app) profileDiff() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "diff A B", Args: cobra.ExactArgs(2), ValidArgsFunction: a.profileNames,
		Short: "Show the values in which two profiles differ",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.aboutProfiles(cmd, func(env *devenv.Environment) error { return env.DiffProfiles(args[0], args[1], format) })
		},
	}
	addFormat(cmd, &format, "text", "json")
	return cmd
}

func (a *app) profileCreate() *cobra.Command {
	var asked devenv.NewProfile
	cmd := &cobra.Command{
		Use: "create NAME", Args: cobra.ExactArgs(1),
		Short: "Write a new profile; without flags it asks on a terminal",
		RunE: func(cmd *cobra.Command, args []string) error {
			asked.Name, asked.Ask = args[0], cmd.Flags().NFlag() == 0
			return a.aboutProfiles(cmd, func(env *devenv.Environment) error { return env.CreateProfile(cmd.Context(), asked) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&asked.Description, "description", "", "one line about it")
	flags.StringSliceVar(&asked.Extends, "extends", nil, "profiles that lie below it")
	flags.StringVar(&asked.Mode, "mode", "", "mode of the project")
	flags.BoolVar(&asked.Team, "team", false, "for the team, to be committed")
	return cmd
}

func (a *app) profileEdit() *cobra.Command {
	var team bool
	cmd := &cobra.Command{
		Use: "edit NAME", Args: cobra.ExactArgs(1), ValidArgsFunction: a.profileNames,
		Short: "Open a profile's file in $EDITOR; a text that is wrong does not replace it",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.aboutProfiles(cmd, func(env *devenv.Environment) error { return env.EditProfile(cmd.Context(), args[0], team) })
		},
	}
	cmd.Flags().BoolVar(&team, "team", false, "the team's file")
	return cmd
}

func (a *app) profileCopy() *cobra.Command {
	return &cobra.Command{
		Use: "copy FROM TO", Args: cobra.ExactArgs(2), ValidArgsFunction: a.profileNames,
		Short: "Make a profile that is what another one is",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.aboutProfiles(cmd, func(env *devenv.Environment) error { return env.CopyProfile(args[0], args[1]) })
		},
	}
}

func (a *app) profileRemove() *cobra.Command {
	var team, force bool
	cmd := &cobra.Command{
		Use: "remove NAME", Args: cobra.ExactArgs(1), ValidArgsFunction: a.profileNames,
		Short: "Delete your own file of a profile",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.aboutProfiles(cmd, func(env *devenv.Environment) error { return env.RemoveProfile(args[0], team, force) })
		},
	}
	cmd.Flags().BoolVar(&team, "team", false, "the team's file instead")
	cmd.Flags().BoolVar(&force, "force", false, "also one that another profile extends")
	return cmd
}

func (a *app) profileSchema() *cobra.Command {
	var compose bool
	cmd := &cobra.Command{
		Use: "schema", Args: cobra.NoArgs,
		Short: "Print the JSON schema of a profile, for editors",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.aboutProfiles(cmd, func(env *devenv.Environment) error {
				if compose {
					return env.ComposeSchema()
				}
				return env.ProfileSchema()
			})
		},
	}
	cmd.Flags().BoolVar(&compose, "compose", false, "that of a compose file instead, with x-devenv")
	return cmd
}

// first is the first argument, or "".
func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}
