"""What people write in public to a Page or an Instagram account: posts, comments, mentions, recommendations."""
