"""The system in containers: images, services, what each container reads."""
