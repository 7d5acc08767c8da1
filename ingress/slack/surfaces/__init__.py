"""Where people meet us in Slack besides posts: dialogs, the app's home, commands."""
