"""What a phone keeps of a body: Apple Health's export and Google Health Connect's backup."""
