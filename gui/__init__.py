"""The window: Qt widgets that show a Session and send actions. This process never imports torch."""
