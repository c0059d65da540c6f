"""What clients speak: each protocol is an adapter around `Service.speak`, and knows no other."""
